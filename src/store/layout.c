#include "store/layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/file_write.h"
#include "base/leftover.h"
#include "base/reader.h"
#include "base/utf8.h"
#include "base/json_merge.h"
#include "base/json_write.h"
#include "image/digest.h"

#define TAG_NAME   "org.opencontainers.image.ref.name"
#define PIECE      65536
#define BLOB_MODE  0644
#define MARK_MAX   4096
#define MARK_NAME  "oci-layout"
#define INDEX_NAME "index.json"
#define TEMPORARY  ".ecr-" /* in "blobs" */
#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"

static int fail(struct error *error, const char *path, const char *what, int why)
{
    return error_set(error, why == ENOENT ? REASON_USAGE : REASON_REFUSED, path, "%s: %s", what, strerror(why));
}

/* The tag of an entry of index.json. */
static struct json_node tag_of(struct json_node entry)
{
    return json_get(json_get(entry, "annotations"), TAG_NAME);
}

static int parse_index(struct arena *arena, const char *path, struct slice text, struct json *index,
                       struct error *error)
{
    if (json_parse(arena, text, index) < 0 || !json_is(json_get(json_root(index), "manifests"), JSON_ARRAY))
        return error_set(error, REASON_USAGE, path, "it is no index of an OCI layout");
    return 0;
}

/* A layout of another version may mean something else by its files. */
int layout_check_mark(struct arena *arena, const char *name, struct slice text, struct error *error)
{
    struct json json;
    bool parsed = json_parse(arena, text, &json) == 0;
    const char *version = parsed ? json_cstr(arena, json_get(json_root(&json), "imageLayoutVersion")) : NULL;
    if (version && slice_starts(slice_of(version), "1."))
        return 0;
    return error_set(error, REASON_USAGE, name, "its oci-layout says %s, and version 1 of OCI layouts is known",
                     version ? utf8_excerpt(arena, version) : "no version");
}

static int check_mark(struct arena *arena, const char *dir, struct error *error)
{
    struct buf text = BUF_INIT;
    const char *path = arena_printf(arena, "%s/" MARK_NAME, dir);
    int why = file_read(path, MARK_MAX, &text);
    if (why)
        return error_set(error, REASON_USAGE, path, "it is no OCI layout: cannot read its mark: %s", strerror(why));
    int status = layout_check_mark(arena, dir, buf_view(&text), error);
    buf_free(&text);
    return status;
}

static int read_index(struct arena *arena, const char *dir, struct json *index, struct error *error)
{
    struct buf text = BUF_INIT;
    const char *path = arena_printf(arena, "%s/" INDEX_NAME, dir);
    if (check_mark(arena, dir, error) < 0)
        return -1;
    int why = file_read(path, LAYOUT_INDEX_MAX, &text);
    if (why)
        return error_set(error, REASON_USAGE, path, "it is no OCI layout: cannot read its index: %s", strerror(why));
    struct slice content = arena_slice(arena, buf_view(&text));
    buf_free(&text);
    return parse_index(arena, path, content, index, error);
}

static int take_image(struct arena *arena, const char *dir, struct json_node entry, struct layout_image *image,
                      struct error *error)
{
    *image = (struct layout_image){json_cstr(arena, json_get(entry, "digest")),
                                   json_cstr(arena, json_get(entry, "mediaType")), -1};
    if (!json_int64(json_get(entry, "size"), &image->size) || image->size < 0)
        image->size = -1;
    return image->digest && digest_is_sha256(image->digest)
               ? 0
               : error_set(error, REASON_USAGE, dir, "its index has an entry without a digest of sha256");
}

static int choose(struct arena *arena, const char *dir, const struct json *index, const char *tag,
                  struct layout_image *image, struct error *error)
{
    size_t count = 0;
    struct json_node found = {NULL, 0}, list = json_get(json_root(index), "manifests");
    for (struct json_node entry = json_first(list); json_exists(entry); entry = json_next(list, entry)) {
        if (tag && !json_equals(tag_of(entry), tag))
            continue;
        const char *digest = json_cstr(arena, json_get(entry, "digest"));
        count += !count || !digest || !json_equals(json_get(found, "digest"), digest); /* twice the same is one */
        found = entry;
    }
    if (!count)
        return error_set(error, REASON_NO_IMAGE, dir, tag ? "it has no image with the tag %s" : "it has no images",
                         tag ? tag : "");
    if (count > 1)
        return error_set(error, REASON_USAGE, dir, "it has %zu images%s: name one by its tag, as in PLACE:TAG", count,
                         tag ? " with this tag" : "");
    return take_image(arena, dir, found, image, error);
}

int layout_find(struct arena *arena, const char *dir, const char *tag, struct layout_image *image, struct error *error)
{
    struct json index;
    return read_index(arena, dir, &index, error) < 0 ? -1 : choose(arena, dir, &index, tag, image, error);
}

int layout_find_in(struct arena *arena, const char *name, struct slice text, const char *tag,
                   struct layout_image *image, struct error *error)
{
    struct json index;
    return parse_index(arena, name, text, &index, error) < 0 ? -1 : choose(arena, name, &index, tag, image, error);
}

const char *layout_entry_name(struct arena *arena, const char *digest)
{
    return arena_printf(arena, "blobs/sha256/%s", digest_hex(digest));
}

const char *layout_blob_path(struct arena *arena, const char *dir, const char *digest)
{
    return arena_printf(arena, "%s/%s", dir, layout_entry_name(arena, digest));
}

bool layout_has_blob(const char *dir, const char *digest, int64_t size)
{
    struct stat info;
    struct arena scratch = {0};
    bool there = stat(layout_blob_path(&scratch, dir, digest), &info) == 0 && S_ISREG(info.st_mode) &&
                 (size < 0 || info.st_size == size);
    arena_free(&scratch);
    return there;
}

bool layout_blob_is_sound(const char *dir, const char *digest, int64_t size)
{
    struct arena scratch = {0};
    struct sha256_state hash;
    char piece[PIECE];
    ssize_t got = -1;
    if (!layout_has_blob(dir, digest, size))
        return false;
    sha256_start(&hash);
    int fd = open(layout_blob_path(&scratch, dir, digest), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    arena_free(&scratch);
    if (fd < 0)
        return false;
    while ((got = read(fd, piece, sizeof piece)) > 0)
        sha256_add(&hash, (struct slice){piece, (size_t)got});
    close(fd);
    return got == 0 && digest_is_hash(digest, &hash);
}

static int make_folder(const char *path, struct error *error)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST ? 0 : fail(error, path, "cannot make the folder", errno);
}

/* Writes a whole file under another name first, so that nobody sees half of it. */
static int put_file(struct arena *arena, const char *dir, const char *name, struct slice text, struct error *error)
{
    const char *path = arena_printf(arena, "%s/%s", dir, name);
    char *meanwhile;
    int fd = leftover_make(arena, arena_printf(arena, "%s/blobs/" TEMPORARY, dir), &meanwhile);
    if (fd < 0)
        return fail(error, path, "cannot write it", errno);
    int why = write_whole(fd, text);
    if (why) {
        close(fd);
        unlink(meanwhile);
        leftover_done(meanwhile);
    } else {
        why = leftover_finish(fd, meanwhile, path, usual_mode(path));
    }
    return why ? fail(error, path, "cannot write it", why) : 0;
}

static bool is_there(struct arena *arena, const char *dir, const char *name)
{
    return access(arena_printf(arena, "%s/%s", dir, name), F_OK) == 0;
}

/* A folder with other things in it is somebody's, and does not become a layout. */
static int check_folder(const char *dir, struct error *error)
{
    bool others = false;
    DIR *open = opendir(dir);
    if (!open)
        return fail(error, dir, "cannot look into the folder", errno);
    for (const struct dirent *entry = readdir(open); entry; entry = readdir(open)) {
        struct slice name = slice_of(entry->d_name);
        others = others || !(slice_is(name, ".") || slice_is(name, "..") || slice_is(name, "blobs") ||
                             slice_is(name, INDEX_NAME ".lock"));
    }
    closedir(open);
    if (!others)
        return 0;
    error_set(error, REASON_USAGE, dir, "it is a folder with other things in it, and no OCI layout");
    error_hint(error, "name another one: oci:DIR");
    return -1;
}

/* The mark comes before the index, so that who was killed in between left what the next run knows. */
static int fill(struct arena *arena, const char *dir, struct error *error)
{
    static const char empty[] = "{\"schemaVersion\":2,\"mediaType\":\"" INDEX_TYPE "\",\"manifests\":[]}";
    bool marked = is_there(arena, dir, MARK_NAME);
    if (!marked && check_folder(dir, error) < 0)
        return -1;
    if (make_folder(arena_printf(arena, "%s/blobs", dir), error) < 0 ||
        make_folder(arena_printf(arena, "%s/blobs/sha256", dir), error) < 0)
        return -1;
    leftover_sweep(arena_printf(arena, "%s/blobs", dir), TEMPORARY);
    if (!marked && put_file(arena, dir, MARK_NAME, slice_of(LAYOUT_MARK), error) < 0)
        return -1;
    return is_there(arena, dir, INDEX_NAME) ? check_mark(arena, dir, error)
                                            : put_file(arena, dir, INDEX_NAME, slice_of(empty), error);
}

int layout_make(struct arena *arena, const char *dir, int64_t deadline, struct error *error)
{
    struct file_lock lock;
    if (make_folder(dir, error) < 0)
        return -1;
    if (is_there(arena, dir, MARK_NAME) && is_there(arena, dir, INDEX_NAME) && is_there(arena, dir, "blobs/sha256"))
        return fill(arena, dir, error); /* nothing is to be made: a folder that may only be read from has no lock */
    int why = file_lock(arena_printf(arena, "%s/" INDEX_NAME, dir), deadline, &lock);
    if (why)
        return fail(error, dir, "cannot lock it", why);
    int status = fill(arena, dir, error);
    file_unlock(&lock);
    return status;
}

int layout_blob_begin(struct arena *arena, const char *dir, const char *digest, int64_t size, struct layout_blob *blob,
                      struct error *error)
{
    *blob = (struct layout_blob){.final_path = layout_blob_path(arena, dir, digest), .digest = digest, .size = size};
    sha256_start(&blob->hash);
    blob->fd = leftover_make(arena, arena_printf(arena, "%s/blobs/" TEMPORARY, dir), &blob->path);
    return blob->fd < 0 ? fail(error, blob->final_path, "cannot write it", errno) : 0;
}

int layout_blob_add(struct layout_blob *blob, struct slice data, struct error *error)
{
    if (blob->size >= 0 && (int64_t)data.len > blob->size - blob->written)
        return error_set(error, REASON_DIGEST_MISMATCH, blob->digest, "it is larger than the %lld bytes it should have",
                         (long long)blob->size);
    sha256_add(&blob->hash, data);
    blob->written += (int64_t)data.len;
    int why = write_whole(blob->fd, data);
    return why ? fail(error, blob->final_path, "cannot write it", why) : 0;
}

int layout_blob_end(struct layout_blob *blob, struct error *error)
{
    if ((blob->size >= 0 && blob->written != blob->size) || !digest_is_hash(blob->digest, &blob->hash)) {
        layout_blob_drop(blob);
        return error_set(error, REASON_DIGEST_MISMATCH, blob->digest, "what came (%lld bytes) is not that content",
                         (long long)blob->written);
    }
    int why = leftover_finish(blob->fd, blob->path, blob->final_path, BLOB_MODE);
    return why ? fail(error, blob->final_path, "cannot write it", why) : 0;
}

void layout_blob_drop(struct layout_blob *blob)
{
    close(blob->fd);
    unlink(blob->path);
    leftover_done(blob->path);
}

static void write_entry(struct buf *out, const struct layout_image *image, const char *tag)
{
    json_open(out, '{');
    json_member_str(out, "mediaType", image->media_type);
    json_member_str(out, "digest", image->digest);
    if (image->size >= 0)
        json_member_int(out, "size", image->size);
    if (tag) {
        json_member(out, "annotations");
        json_open(out, '{');
        json_member_str(out, TAG_NAME, tag);
        json_close(out, '}');
    }
    json_close(out, '}');
}

/* The old entries, but for that of the tag, and for one of this image without a tag; then the new one. */
static void write_entries(struct buf *out, struct json_node list, const struct layout_image *image, const char *tag)
{
    bool named = false; /* it has a tag already, where it gets none */
    json_open(out, '[');
    for (struct json_node entry = json_first(list); json_exists(entry); entry = json_next(list, entry)) {
        struct json_node name = tag_of(entry);
        bool replaced = tag ? json_equals(name, tag) : false;
        bool same = json_equals(json_get(entry, "digest"), image->digest);
        if (!replaced && !(same && !json_exists(name)))
            json_write_node(out, entry);
        named = named || (!tag && same && json_exists(name));
    }
    if (!named)
        write_entry(out, image, tag);
    json_close(out, ']');
}

/* What the old one holds besides stays. */
static void write_index(struct buf *out, struct json_node old, const struct layout_image *image, const char *tag)
{
    json_open(out, '{');
    for (struct json_node key = json_first(old); json_exists(key);) {
        struct json_node value = json_next(old, key);
        json_write_node(out, key);
        buf_char(out, ':');
        if (json_equals(key, "manifests"))
            write_entries(out, value, image, tag);
        else
            json_write_node(out, value);
        key = json_next(old, value);
    }
    json_close(out, '}');
}

int layout_list(struct arena *arena, const char *dir, const struct slice *text, const char ***digests, size_t *count,
                struct error *error)
{
    struct json index;
    struct layout_image image;
    *count = 0;
    if ((text ? parse_index(arena, dir, *text, &index, error) : read_index(arena, dir, &index, error)) < 0)
        return -1;
    struct json_node list = json_get(json_root(&index), "manifests");
    *digests = arena_array(arena, json_count(list), sizeof **digests);
    for (struct json_node entry = json_first(list); json_exists(entry); entry = json_next(list, entry)) {
        if (take_image(arena, dir, entry, &image, error) < 0)
            return -1;
        (*digests)[(*count)++] = image.digest;
    }
    return 0;
}

void layout_write_index(struct buf *out, const struct layout_image *images, size_t count, const char *tag)
{
    json_open(out, '{');
    json_member_int(out, "schemaVersion", 2);
    json_member_str(out, "mediaType", INDEX_TYPE);
    json_member(out, "manifests");
    json_open(out, '[');
    for (size_t i = 0; i < count; i++)
        write_entry(out, &images[i], i ? NULL : tag);
    json_close(out, ']');
    json_close(out, '}');
}

int layout_enter(struct arena *arena, const char *dir, const char *tag, const struct layout_image *image,
                 int64_t deadline, struct error *error)
{
    struct json index;
    struct file_lock lock;
    struct buf text = BUF_INIT;
    const char *path = arena_printf(arena, "%s/" INDEX_NAME, dir);
    int why = file_lock(path, deadline, &lock);
    if (why)
        return fail(error, path, "cannot lock it", why);
    int status = read_index(arena, dir, &index, error);
    if (status == 0) {
        write_index(&text, json_root(&index), image, tag);
        status = put_file(arena, dir, INDEX_NAME, buf_view(&text), error);
    }
    buf_free(&text);
    file_unlock(&lock);
    return status;
}
