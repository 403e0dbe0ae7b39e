#include "store/docker_archive.h"

#include <string.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/sha256.h"

#define TEXT_MAX   (4 << 20) /* of manifest.json and a configuration */
#define LAYERS_MAX 1000      /* docker takes 127 */

#define CONFIG_TYPE   "application/vnd.oci.image.config.v1+json"
#define LAYER_TYPE    "application/vnd.oci.image.layer.v1.tar"
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"

struct reading {
    const struct archive *archive;
    struct arena *arena;
    struct docker_archive *image;
    struct error *error;
};

static int bad(const struct reading *reading, const char *what)
{
    return error_set(reading->error, REASON_USAGE, reading->archive->name, "%s", what);
}

/* What is hashed, with its first bytes. */
struct hashing {
    struct sha256_state state;
    char first[4];
};

static int add_piece(void *context, int64_t offset, struct slice piece, struct error *error)
{
    struct hashing *hashing = context;
    (void)error;
    if (offset == 0)
        memcpy(hashing->first, piece.data, piece.len < 4 ? piece.len : 4);
    sha256_add(&hashing->state, piece);
    return 0;
}

static int hash_entry(const struct reading *reading, const struct tar_entry *entry, struct hashing *hashing,
                      const char **digest)
{
    struct file_part part = archive_part(reading->archive, entry);
    struct reader reader = file_part_reader(&part);
    struct buf text = BUF_INIT;
    uint8_t hash[SHA256_SIZE];
    *hashing = (struct hashing){.first = {0}};
    sha256_start(&hashing->state);
    if (reader_each(&reader, add_piece, hashing, reading->error) < 0)
        return -1;
    sha256_end(&hashing->state, hash);
    buf_str(&text, "sha256:");
    encode_hex(&text, hash, sizeof hash);
    *digest = buf_detach(&text, reading->arena);
    return 0;
}

/* By what a compressed one begins with (RFC 1952, RFC 8878). */
static const char *layer_type(const char *first)
{
    if (memcmp(first, "\x1f\x8b", 2) == 0)
        return LAYER_TYPE "+gzip";
    return memcmp(first, "\x28\xb5\x2f\xfd", 4) == 0 ? LAYER_TYPE "+zstd" : LAYER_TYPE;
}

static int add_blob(const struct reading *reading, const char *name, bool is_config)
{
    struct hashing hashing;
    struct docker_archive *image = reading->image;
    struct docker_archive_blob *blob = &image->blobs[image->blob_count++];
    blob->entry = archive_find(reading->archive, name, reading->error);
    if (!blob->entry || hash_entry(reading, blob->entry, &hashing, &blob->digest) < 0)
        return -1;
    blob->media_type = is_config ? CONFIG_TYPE : layer_type(hashing.first);
    return 0;
}

/* A name that is a digest, as docker gives it, promises that content: "blobs/sha256/HEX", "HEX.json". */
static int check_name(const struct reading *reading, const struct docker_archive_blob *blob)
{
    struct slice name = slice_of(blob->entry->name);
    name = slice_from(name, (size_t)(slice_rfind(name, '/') + 1));
    struct slice stem = slice_cut(&name, '.');
    bool promises = stem.len == 2 * SHA256_SIZE;
    for (size_t i = 0; i < stem.len; i++)
        promises = promises && (ascii_is_digit(stem.data[i]) || (stem.data[i] >= 'a' && stem.data[i] <= 'f'));
    bool legacy_layer = strcmp(blob->media_type, CONFIG_TYPE) != 0 && name.data; /* "HEX.tar" may be an id */
    return !promises || legacy_layer || slice_is(stem, blob->digest + strlen("sha256:"))
               ? 0
               : error_set(reading->error, REASON_USAGE, reading->archive->name,
                           "its entry %s does not have the digest that it is named by", blob->entry->name);
}

/* Of uncompressed layers the configuration says the digests. */
static int check_layers(const struct reading *reading, struct json_node config)
{
    size_t i = 1;
    const struct docker_archive *image = reading->image;
    struct json_node ids = json_get(json_get(config, "rootfs"), "diff_ids");
    if (json_count(ids) != image->blob_count - 1)
        return bad(reading, "its configuration speaks of another number of layers");
    for (struct json_node id = json_first(ids); json_exists(id); id = json_next(ids, id), i++) {
        const struct docker_archive_blob *layer = &image->blobs[i];
        if (strcmp(layer->media_type, LAYER_TYPE) == 0 && !json_equals(id, layer->digest))
            return error_set(reading->error, REASON_USAGE, reading->archive->name,
                             "its layer %s does not have the digest that its configuration says", layer->entry->name);
    }
    return 0;
}

static int read_config(const struct reading *reading, const char *name, struct json *config)
{
    struct slice text;
    if (add_blob(reading, name, true) < 0 || check_name(reading, &reading->image->blobs[0]) < 0 ||
        archive_read(reading->archive, reading->image->blobs[0].entry, TEXT_MAX, reading->arena, &text,
                     reading->error) < 0)
        return -1;
    return json_parse(reading->arena, text, config) < 0 ? bad(reading, "its configuration is not JSON") : 0;
}

static void write_descriptor(struct buf *out, const struct docker_archive_blob *blob)
{
    json_open(out, '{');
    json_member_str(out, "mediaType", blob->media_type);
    json_member_str(out, "digest", blob->digest);
    json_member_int(out, "size", blob->entry->size);
    json_close(out, '}');
}

static void write_manifest(struct buf *out, const struct docker_archive *image)
{
    json_open(out, '{');
    json_member_int(out, "schemaVersion", 2);
    json_member_str(out, "mediaType", MANIFEST_TYPE);
    json_member(out, "config");
    write_descriptor(out, &image->blobs[0]);
    json_member(out, "layers");
    json_open(out, '[');
    for (size_t i = 1; i < image->blob_count; i++)
        write_descriptor(out, &image->blobs[i]);
    json_close(out, ']');
    json_close(out, '}');
}

static int read_image(const struct reading *reading, struct json_node entry)
{
    struct json config;
    struct buf text = BUF_INIT;
    const char *name = json_cstr(reading->arena, json_get(entry, "Config"));
    struct json_node layers = json_get(entry, "Layers");
    size_t count = json_count(layers);
    if (!name || (json_exists(layers) && !json_is(layers, JSON_ARRAY)) || count > LAYERS_MAX)
        return bad(reading, "its manifest.json names no configuration and layers");
    reading->image->blobs = arena_array(reading->arena, count + 1, sizeof *reading->image->blobs);
    if (read_config(reading, name, &config) < 0)
        return -1;
    for (struct json_node layer = json_first(layers); json_exists(layer); layer = json_next(layers, layer)) {
        const char *file = json_cstr(reading->arena, layer);
        if (!file)
            return bad(reading, "its manifest.json names a layer by what is no text");
        if (add_blob(reading, file, false) < 0 ||
            check_name(reading, &reading->image->blobs[reading->image->blob_count - 1]) < 0)
            return -1;
    }
    if (check_layers(reading, json_root(&config)) < 0)
        return -1;
    write_manifest(&text, reading->image);
    reading->image->manifest = arena_slice(reading->arena, buf_view(&text));
    buf_free(&text);
    return 0;
}

int docker_archive_read(const struct archive *archive, struct arena *arena, struct docker_archive *image,
                        struct error *error)
{
    struct json json;
    struct slice text;
    struct reading reading = {archive, arena, image, error};
    *image = (struct docker_archive){.blobs = NULL};
    const struct tar_entry *entry = archive_find(archive, "manifest.json", error);
    if (!entry) {
        error_hint(error, "is it an archive of 'docker save'? An OCI layout's is oci-archive:%s", archive->name);
        return -1;
    }
    if (archive_read(archive, entry, TEXT_MAX, arena, &text, error) < 0)
        return -1;
    if (json_parse(arena, text, &json) < 0 || !json_is(json_root(&json), JSON_ARRAY))
        return bad(&reading, "its manifest.json is no list of images");
    size_t count = json_count(json_root(&json));
    if (count != 1)
        return error_set(error, REASON_USAGE, archive->name, "it holds %zu images: an archive of one is wanted", count);
    return read_image(&reading, json_first(json_root(&json)));
}

void docker_archive_write_manifest(struct buf *out, const char *config, const char *const *layers, size_t layer_count,
                                   const char *tag)
{
    json_open(out, '[');
    json_open(out, '{');
    json_member_str(out, "Config", config);
    json_member(out, "RepoTags");
    json_open(out, '[');
    if (tag)
        json_write_str(out, tag);
    json_close(out, ']');
    json_member(out, "Layers");
    json_open(out, '[');
    for (size_t i = 0; i < layer_count; i++)
        json_write_str(out, layers[i]);
    json_close(out, ']');
    json_close(out, '}');
    json_close(out, ']');
}
