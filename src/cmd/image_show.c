/* image show: what an image is made of, and what the registry knows of it. */
#include <string.h>

#include "base/clock.h"
#include "base/json_merge.h"
#include "base/json_same.h"
#include "cmd/image.h"
#include "image/manifest.h"

#define REFERRER_ROWS 50 /* the most that the service gives a page */

/* A child of an index, or the image itself. */
struct part {
    const char *platform; /* NULL: not said */
    const char *digest;
    struct manifest manifest;
    bool known; /* the manifest was read */
};

struct show {
    struct work *work;
    struct json_node detail;
    struct part *parts;
    size_t part_count;
    bool is_index, parts_known;
    struct ecr_rows referrers;
    bool referrers_known;
    bool cosign;               /* a tag in cosign's form points to a signature */
    struct json_node findings; /* a reply of DescribeImageScanFindings, if there is one */
    struct table table;        /* of labels and what they say */
};

/* Something that could not be asked is told, and left out. */
static void not_known(struct show *show, const char *what)
{
    struct invocation *in = show->work->in;
    work_note(show->work, TERM_YELLOW, "%s: not known: %s", what, error_text(&in->error, &in->arena));
}

static int64_t size_of(const struct manifest *manifest)
{
    int64_t all = manifest->config.size > 0 ? manifest->config.size : 0;
    for (size_t i = 0; i < manifest->layer_count; i++) {
        int64_t size = manifest->layers[i].size > 0 ? manifest->layers[i].size : 0;
        all = size > INT64_MAX - all ? INT64_MAX : all + size;
    }
    return all;
}

/* Reads the manifests of some parts, as many as one call may ask for. */
static int read_parts(struct show *show, struct part *parts, size_t count)
{
    enum reason reasons[ECR_MANIFEST_IDS_MAX];
    const char *failures[ECR_MANIFEST_IDS_MAX];
    struct ecr_image images[ECR_MANIFEST_IDS_MAX];
    struct ecr_image_id ids[ECR_MANIFEST_IDS_MAX];
    struct invocation *in = show->work->in;
    for (size_t i = 0; i < count; i++)
        ids[i] = (struct ecr_image_id){NULL, parts[i].digest};
    if (ecr_batch_get_image(&show->work->api, show->work->target.repository, ids, count, images, reasons, failures,
                            &in->arena, &in->error) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        parts[i].known = reasons[i] == REASON_OK && !manifest_parse(&in->arena, images[i].manifest, &parts[i].manifest);
    return 0;
}

static int read_children(struct show *show, const struct manifest *index)
{
    show->is_index = true;
    show->part_count = index->child_count;
    show->parts = arena_array(&show->work->in->arena, index->child_count + 1, sizeof *show->parts);
    for (size_t i = 0; i < index->child_count; i++)
        show->parts[i] =
            (struct part){.platform = index->children[i].for_none ? "attestation" : index->children[i].platform,
                          .digest = index->children[i].digest};
    for (size_t i = 0; i < index->child_count; i += ECR_MANIFEST_IDS_MAX) {
        size_t left = index->child_count - i;
        if (read_parts(show, show->parts + i, left < ECR_MANIFEST_IDS_MAX ? left : ECR_MANIFEST_IDS_MAX) < 0)
            return -1;
    }
    return 0;
}

static void read_manifests(struct show *show)
{
    struct invocation *in = show->work->in;
    show->parts = arena_array(&in->arena, 1, sizeof *show->parts);
    show->part_count = 1;
    show->parts[0].digest = json_cstr(&in->arena, json_get(show->detail, "imageDigest"));
    struct part *whole = show->parts;
    show->parts_known = read_parts(show, whole, 1) == 0 &&
                        (!whole->known || !whole->manifest.is_index || read_children(show, &whole->manifest) == 0);
    if (!show->parts_known)
        not_known(show, "The manifest");
}

static void read_referrers(struct show *show)
{
    struct buf body;
    struct ecr_image image;
    struct invocation *in = show->work->in;
    const struct ecr_api *api = &show->work->api;
    const char *repository = show->work->target.repository;
    const char *digest = json_cstr(&in->arena, json_get(show->detail, "imageDigest"));
    ecr_manage_open(api, repository, &body);
    ecr_manage_image_id(&body, "subjectId", NULL, digest);
    show->referrers_known = ecr_manage_list(api, "ListImageReferrers", show->work->target.text, &body, REFERRER_ROWS,
                                            &in->arena, &show->referrers, &in->error) == 0;
    if (!show->referrers_known)
        not_known(show, "Referrers");
    struct ecr_image_id id = {arena_printf(&in->arena, "sha256-%s.sig", strchr(digest, ':') + 1), NULL};
    show->cosign = ecr_describe_images(api, repository, &id, 1, &image, &in->arena, &in->error) == 0;
    if (!show->cosign && in->error.reason != REASON_NO_IMAGE)
        not_known(show, "Signatures");
}

static void read_scan(struct show *show)
{
    struct buf body;
    struct invocation *in = show->work->in;
    const struct ecr_target *target = &show->work->target;
    if (show->is_index)
        return; /* its images are scanned */
    ecr_manage_open(&show->work->api, target->repository, &body);
    ecr_manage_image_id(&body, "imageId", NULL, json_cstr(&in->arena, json_get(show->detail, "imageDigest")));
    json_member_int(&body, "maxResults", 1);
    int status = ecr_manage(&show->work->api, "DescribeImageScanFindings", target->text, &body, &in->arena,
                            &show->findings, &in->error);
    struct json_node digest = json_get(show->detail, "imageDigest");
    if (status == 0 && !json_same(field_node("imageId.imageDigest", show->findings), digest))
        status = ecr_not_what_was_asked(&show->work->api, "DescribeImageScanFindings", &in->error);
    if (status == 0)
        return;
    show->findings = (struct json_node){NULL, 0};
    if (in->error.reason != REASON_NOT_SET)
        not_known(show, "The scan");
}

static void add(struct show *show, const char *label, const char *text)
{
    table_add(&show->table, label);
    table_add(&show->table, text);
}

static const char *part_size(struct show *show, int64_t bytes)
{
    return bytes < 0 ? "-" : size_text(bytes, term_width() > 0, &show->table.arena);
}

static void add_details(struct show *show)
{
    static const struct field fields[] = {
        {{"digest", false, false, 0}, "imageDigest", FIELD_TEXT},
        {{"tags", false, false, 0}, "imageTags", FIELD_TEXT},
        {{"size", false, false, 0}, "imageSizeInBytes", FIELD_SIZE},
        {{"pushed", false, false, 0}, "imagePushedAt", FIELD_TIME},
        {{"pulled", false, false, 0}, "lastRecordedPullTime", FIELD_TIME},
        {{"media-type", false, false, 0}, "imageManifestMediaType", FIELD_TEXT},
        {{"artifact-type", false, false, 0}, "artifactMediaType", FIELD_TEXT},
        {{"subject", false, false, 0}, "subjectManifestDigest", FIELD_TEXT},
        {{"status", false, false, 0}, "imageStatus", FIELD_TEXT},
    };
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        const char *text = field_text(&fields[i], show->detail, term_width() > 0, &show->table.arena);
        if (text)
            add(show, fields[i].column.title, text);
    }
}

static void add_parts(struct show *show)
{
    struct arena *arena = &show->table.arena;
    for (size_t i = 0; show->is_index && i < show->part_count; i++) {
        const struct part *part = &show->parts[i];
        const char *size = part->known ? part_size(show, size_of(&part->manifest)) : "size not known";
        add(show, "platform",
            arena_printf(arena, "%s  %s  %s", part->platform ? part->platform : "not said", part->digest, size));
    }
    if (show->is_index || !show->part_count || !show->parts[0].known)
        return;
    const struct manifest *manifest = &show->parts[0].manifest;
    for (size_t i = 0; i < manifest->layer_count; i++)
        add(show, "layer",
            arena_printf(arena, "%s  %s  %s", manifest->layers[i].digest, part_size(show, manifest->layers[i].size),
                         manifest->layers[i].media_type ? manifest->layers[i].media_type : "-"));
}

static void add_referrers(struct show *show)
{
    struct arena *arena = &show->table.arena;
    for (size_t i = 0; i < show->referrers.count; i++) {
        struct json_node row = show->referrers.list[i];
        const char *type = json_cstr(arena, json_get(row, "artifactType"));
        add(show, "referrer",
            arena_printf(arena, "%s  %s", node_text(json_get(row, "digest"), arena), type ? type : "no type"));
    }
    if (show->cosign)
        add(show, "referrer", "a tag in cosign's form  signature (not verified)");
}

static void add_scan(struct show *show)
{
    struct buf text = BUF_INIT;
    struct arena *arena = &show->table.arena;
    struct json_node counts = field_node("imageScanFindings.findingSeverityCounts", show->findings);
    const char *status = json_cstr(arena, field_node("imageScanStatus.status", show->findings));
    if (!json_exists(show->findings))
        return;
    buf_str(&text, status ? status : "-");
    for (struct json_node key = json_first(counts), value; json_exists(key); key = json_next(counts, value)) {
        value = json_next(counts, key);
        buf_printf(&text, "  %s %s", node_text(key, arena), arena_copy(arena, json_raw(value)));
    }
    add(show, "scan", text.data);
    buf_free(&text);
}

static int print_text(struct show *show)
{
    static const struct table_column columns[] = {{"", false, false, 0}, {"", false, false, 0}};
    struct buf out = BUF_INIT;
    table_open(&show->table, columns, 2);
    add_details(show);
    add_parts(show);
    add_referrers(show);
    add_scan(show);
    table_write(&show->table, term_width(), &out);
    table_close(&show->table);
    return invocation_finish(show->work->in, &out);
}

static void write_part(const struct part *part, struct buf *out)
{
    json_open(out, '{');
    json_member_str(out, "platform", part->platform);
    json_member_str(out, "imageDigest", part->digest);
    if (part->known) {
        json_member_int(out, "sizeBytes", size_of(&part->manifest));
        json_member(out, "layers");
        json_open(out, '[');
        for (size_t i = 0; i < part->manifest.layer_count; i++) {
            json_open(out, '{');
            json_member_str(out, "digest", part->manifest.layers[i].digest);
            json_member_str(out, "mediaType", part->manifest.layers[i].media_type);
            if (part->manifest.layers[i].size >= 0)
                json_member_int(out, "size", part->manifest.layers[i].size);
            json_close(out, '}');
        }
        json_close(out, ']');
    }
    json_close(out, '}');
}

/* What could not be asked is left out: an empty list would say that there is nothing. */
static void write_lists(const struct show *show, struct buf *out)
{
    if (show->parts_known) {
        json_member(out, "images");
        json_open(out, '[');
        for (size_t i = 0; i < show->part_count; i++)
            write_part(&show->parts[i], out);
        json_close(out, ']');
    }
    if (show->referrers_known) {
        json_member(out, "referrers");
        json_open(out, '[');
        for (size_t i = 0; i < show->referrers.count; i++)
            json_write_node(out, show->referrers.list[i]);
        json_close(out, ']');
    }
}

static int print_json(struct show *show)
{
    struct buf out = BUF_INIT;
    json_open(&out, '{');
    json_member(&out, "imageDetail");
    json_write_node(&out, show->detail);
    write_lists(show, &out);
    if (show->cosign) {
        json_member(&out, "cosignTag");
        json_write_raw(&out, SLICE("true"));
    }
    if (json_exists(show->findings)) {
        json_member(&out, "imageScan");
        json_write_node(&out, show->findings);
    }
    json_close(&out, '}');
    buf_char(&out, '\n');
    return invocation_finish(show->work->in, &out);
}

int image_show(struct work *work)
{
    struct show show = {.work = work};
    const struct option own[] = {WORK_PUBLIC(work)};
    if (work_parse(work, own, COUNT_OF(own), 1, 1, "image show [--public] IMAGE") < 0 ||
        work_target(work, 0, TARGET_IMAGE) < 0 || work_open(work) < 0)
        return -1;
    if (image_describe(work, &show.detail) < 0)
        return image_explain_hidden(work); /* an archived image is not found by its name */
    if (!work->target.is_public) {         /* ECR Public's API tells no more */
        read_manifests(&show);
        read_referrers(&show);
        read_scan(&show);
    }
    return work->in->json ? print_json(&show) : print_text(&show);
}
