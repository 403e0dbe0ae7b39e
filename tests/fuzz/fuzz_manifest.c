/* Manifests and configurations: nothing but digests passes as one, and what was read can be written and read again. */
#include "base/json_write.h"
#include "fuzz.h"
#include "image/digest.h"
#include "image/manifest.h"
#include "image/platform.h"

static void write_part(struct buf *out, const char *name, struct slice part)
{
    json_member(out, name);
    json_write_slice(out, part);
}

/* Each part is a word: nothing else gets through. */
static void write_platform(struct buf *out, const char *platform)
{
    struct slice rest = slice_of(platform);
    struct slice os = slice_cut(&rest, '/'), architecture = slice_cut(&rest, '/');
    MUST(os.len && architecture.len && slice_find(rest, '/') < 0);
    json_member(out, "platform");
    json_open(out, '{');
    write_part(out, "os", os);
    write_part(out, "architecture", architecture);
    if (rest.data)
        write_part(out, "variant", rest);
    json_close(out, '}');
}

static void write_descriptor(struct buf *out, const struct descriptor *d)
{
    json_open(out, '{');
    json_member_str(out, "mediaType", d->media_type);
    json_member_str(out, "digest", d->digest);
    if (d->size >= 0)
        json_member_int(out, "size", d->size);
    if (d->platform)
        write_platform(out, d->platform);
    json_close(out, '}');
}

static void write_list(struct buf *out, const char *name, const struct descriptor *list, size_t count)
{
    json_member(out, name);
    json_open(out, '[');
    for (size_t i = 0; i < count; i++)
        write_descriptor(out, &list[i]);
    json_close(out, ']');
}

static void write_manifest(struct buf *out, const struct manifest *m)
{
    json_open(out, '{');
    if (m->is_index) {
        write_list(out, "manifests", m->children, m->child_count);
    } else if (m->config.digest) {
        json_member(out, "config");
        write_descriptor(out, &m->config);
        write_list(out, "layers", m->layers, m->layer_count);
    } else { /* schema 1 says less of its layers than an artifact manifest of its blobs */
        write_list(out, "blobs", m->layers, m->layer_count);
    }
    json_close(out, '}');
}

static void check_descriptor(const struct descriptor *d)
{
    MUST(d->digest && !digest_fault(slice_of(d->digest)) && !strpbrk(d->digest, "/?#% \\"));
    MUST(d->size >= -1);
    MUST(!d->platform || (strchr(d->platform, '/') && strncmp(d->platform, "unknown/", 8) != 0 && platform_fits(d->platform, d->platform)));
}

static void check(const struct manifest *m, size_t size)
{
    MUST(m->child_count <= size && m->layer_count <= size);
    MUST(m->is_index ? !m->layer_count && !m->config.digest : !m->child_count);
    for (size_t i = 0; i < m->child_count; i++)
        check_descriptor(&m->children[i]);
    for (size_t i = 0; i < m->layer_count; i++)
        check_descriptor(&m->layers[i]);
    if (m->config.digest)
        check_descriptor(&m->config);
}

static void same_list(const struct descriptor *a, size_t a_count, const struct descriptor *b, size_t b_count)
{
    MUST(a_count == b_count);
    for (size_t i = 0; i < a_count; i++) {
        MUST(strcmp(a[i].digest, b[i].digest) == 0 && a[i].size == b[i].size && a[i].elsewhere == b[i].elsewhere);
        MUST(!a[i].platform == !b[i].platform && !a[i].media_type == !b[i].media_type);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct slice text = input(data, size);
    struct manifest first, second;
    const char *platform = config_platform(&arena, text), *fault = manifest_parse(&arena, text, &first);
    MUST(!platform || (strchr(platform, '/') && platform_fits(platform, platform)));
    MUST(!fault || *fault);
    if (!fault) {
        struct buf once = BUF_INIT, twice = BUF_INIT, thrice = BUF_INIT;
        check(&first, size);
        write_manifest(&once, &first); /* what is no UTF-8 is replaced here */
        MUST(!manifest_parse(&arena, buf_view(&once), &second));
        MUST(first.is_index == second.is_index);
        same_list(first.children, first.child_count, second.children, second.child_count);
        same_list(first.layers, first.layer_count, second.layers, second.layer_count);
        write_manifest(&twice, &second);
        MUST(!manifest_parse(&arena, buf_view(&twice), &second));
        write_manifest(&thrice, &second);
        MUST(thrice.len == twice.len && memcmp(thrice.data, twice.data, twice.len) == 0);
        MUST(digest_fits(digest_of(&arena, text), text));
        buf_free(&once);
        buf_free(&twice);
        buf_free(&thrice);
    }
    /* Platforms as people write them: the form of this file is its own. */
    const char *typed = platform_parse(&arena, arena_copy(&arena, text));
    if (typed)
        MUST(strcmp(platform_parse(&arena, typed), typed) == 0 && platform_fits(typed, typed));
    arena_free(&arena);
    return 0;
}
