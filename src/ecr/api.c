#include "ecr/api.h"

#include <string.h>

#include "aws/code.h"
#include "ecr/call.h"
#include "ecr/code.h"
#include "image/digest.h"

#define MANIFESTS_MAX (32 << 20)
#define STATUS_MAX    64 /* "ACTIVATING" has 10 letters */

static void write_ids(struct buf *body, const struct ecr_image_id *ids, size_t count)
{
    json_member(body, "imageIds");
    json_open(body, '[');
    for (size_t i = 0; i < count; i++) {
        json_open(body, '{');
        if (ids[i].digest)
            json_member_str(body, "imageDigest", ids[i].digest);
        else
            json_member_str(body, "imageTag", ids[i].tag);
        json_close(body, '}');
    }
    json_close(body, ']');
}

/* Whether what stands beside an image says that it is of this repository; older and fake services leave some out. */
static bool is_of_repository(struct json_node node, const struct ecr_api *api, const char *repository)
{
    struct json_node name = json_get(node, "repositoryName"), account = json_get(node, "registryId");
    return (!json_exists(name) || json_equals(name, repository)) &&
           (!json_exists(account) || !api->account || json_equals(account, api->account));
}

/* The digest of a described image, NULL if it is none. */
static const char *read_digest(struct json_node node, struct arena *arena)
{
    const char *digest = json_cstr(arena, json_get(node, "imageDigest"));
    return digest && !digest_fault(slice_of(digest)) ? digest : NULL;
}

static bool detail_has_id(struct json_node detail, const struct ecr_image_id *id)
{
    return id->digest ? json_equals(json_get(detail, "imageDigest"), id->digest)
                      : json_has(json_get(detail, "imageTags"), id->tag);
}

static bool are_tags(struct json_node tags)
{
    for (struct json_node node = json_first(tags); json_exists(node); node = json_next(tags, node))
        if (!json_is(node, JSON_STRING))
            return false;
    return !json_exists(tags) || json_is(tags, JSON_ARRAY);
}

/* What a row of imageDetails must have to be one: a row that is none may be the very image that is looked for. */
static bool is_detail(struct json_node node, struct arena *scratch)
{
    struct json_node status = json_get(node, "imageStatus");
    const char *status_text = json_cstr(scratch, status);
    return read_digest(node, scratch) && are_tags(json_get(node, "imageTags")) &&
           (!json_exists(status) || (status_text && strlen(status_text) <= STATUS_MAX));
}

static struct ecr_image read_detail(struct json_node detail, struct arena *arena)
{
    struct ecr_image image = {.size = -1};
    image.digest = read_digest(detail, arena);
    image.status = json_cstr(arena, json_get(detail, "imageStatus"));
    image.media_type = json_cstr(arena, json_get(detail, "imageManifestMediaType"));
    json_int64(json_get(detail, "imageSizeInBytes"), &image.size);
    image.tag_count = json_count(json_get(detail, "imageTags"));
    json_seconds(json_get(detail, "imagePushedAt"), &image.pushed_at);
    return image;
}

/* One id with two digests is a contradiction, which is remembered. */
static void take_detail(struct json_node detail, struct ecr_image *image, struct arena *arena)
{
    if (!image->digest)
        *image = read_detail(detail, arena);
    else if (!json_equals(json_get(detail, "imageDigest"), image->digest))
        image->contradicted = true;
}

/* Fills the images that one page of details is about. -1 if the page is not made of details. */
static int match_details(struct json_node details, const struct ecr_api *api, const char *repository,
                         const struct ecr_image_id *ids, size_t count, struct ecr_image *images, struct arena *scratch,
                         struct arena *arena)
{
    if (!json_is(details, JSON_ARRAY))
        return -1;
    for (struct json_node node = json_first(details); json_exists(node); node = json_next(details, node)) {
        if (!is_detail(node, scratch))
            return -1;
        for (size_t i = 0; i < count && is_of_repository(node, api, repository); i++)
            if (detail_has_id(node, &ids[i]))
                take_detail(node, &images[i], arena);
    }
    return 0;
}

int ecr_describe_images(const struct ecr_api *api, const char *repository, const struct ecr_image_id *ids, size_t count,
                        struct ecr_image *images, struct arena *arena, struct error *error)
{
    struct buf body;
    struct json reply;
    ecr_request_open(api, &body);
    json_member_str(&body, "repositoryName", repository);
    write_ids(&body, ids, count);
    memset(images, 0, count * sizeof *images);
    if (ecr_call(api, "DescribeImages", &body, ECR_REPLY_MAX, arena, &reply, error) < 0)
        return -1;
    struct json_node details = json_get(json_root(&reply), "imageDetails");
    if (match_details(details, api, repository, ids, count, images, arena, arena) < 0)
        return ecr_not_what_was_asked(api, "DescribeImages", error);
    for (size_t i = 0; i < count; i++)
        if (!images[i].digest || images[i].contradicted)
            return ecr_not_what_was_asked(api, "DescribeImages", error);
    return 0;
}

static void open_listing(const struct ecr_api *api, const char *repository, const char *status, struct buf *body)
{
    ecr_request_open(api, body);
    json_member_str(body, "repositoryName", repository);
    json_member(body, "filter");
    json_open(body, '{');
    json_member_str(body, "imageStatus", status);
    json_close(body, '}');
}

static int find_on_page(const struct ecr_api *api, const char *repository, const char *status, struct buf *token,
                        const struct ecr_image_id *ids, size_t count, struct ecr_image *images, struct arena *page,
                        struct arena *arena, struct error *error)
{
    struct buf body;
    struct json reply;
    struct json_node details;
    open_listing(api, repository, status, &body);
    if (ecr_call_page(api, "DescribeImages", &body, token, "imageDetails", page, &reply, &details, error) < 0)
        return -1;
    if (match_details(details, api, repository, ids, count, images, page, arena) < 0)
        return ecr_not_what_was_asked(api, "DescribeImages", error);
    for (size_t i = 0; i < count; i++) {
        if (images[i].contradicted)
            return ecr_not_what_was_asked(api, "DescribeImages", error);
        if (images[i].digest && !images[i].status)
            images[i].status = status; /* it is in the listing of those */
    }
    return 0;
}

/* *pages counts the pages that were read. */
static int find_with_status(const struct ecr_api *api, const char *repository, const char *status,
                            const struct ecr_image_id *ids, size_t count, struct ecr_image *images, size_t *pages,
                            struct arena *arena, struct error *error)
{
    struct arena page = {0};
    struct buf token = BUF_INIT;
    int result;
    size_t first = *pages;
    do {
        result = *pages - first < ECR_PAGES_MAX
                     ? find_on_page(api, repository, status, &token, ids, count, images, &page, arena, error)
                     : ecr_too_many_pages(api, "DescribeImages", error);
        *pages += result == 0;
        arena_reset(&page);
    } while (result == 0 && token.len);
    buf_free(&token);
    arena_free(&page);
    return result;
}

int ecr_find_archived(const struct ecr_api *api, const char *repository, const struct ecr_image_id *ids, size_t count,
                      struct ecr_image *images, size_t *pages, struct arena *arena, struct error *error)
{
    memset(images, 0, count * sizeof *images);
    *pages = 0;
    if (find_with_status(api, repository, "ARCHIVED", ids, count, images, pages, arena, error) < 0)
        return -1;
    return find_with_status(api, repository, "ACTIVATING", ids, count, images, pages, arena, error);
}

static void write_media_types(struct buf *body)
{
    static const char *const types[] = {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.oci.artifact.manifest.v1+json",
    };
    json_member(body, "acceptedMediaTypes");
    json_open(body, '[');
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        json_write_str(body, types[i]);
    json_close(body, ']');
}

static bool id_is(struct json_node image_id, const struct ecr_image_id *id)
{
    return id->digest ? json_equals(json_get(image_id, "imageDigest"), id->digest)
                      : json_equals(json_get(image_id, "imageTag"), id->tag);
}

/* Takes over a row about the id. -1 if it contradicts what another row said, or its own digest. */
static int take_image(struct json_node node, const struct ecr_image_id *id, struct ecr_image *image,
                      enum reason *reason, struct arena *arena)
{
    struct json_node image_id = json_get(node, "imageId");
    const char *digest = read_digest(image_id, arena);
    if (!id_is(image_id, id) || !digest || !json_is(json_get(node, "imageManifest"), JSON_STRING))
        return 0;
    struct slice manifest = json_string(arena, json_get(node, "imageManifest"));
    bool agrees = *reason == CODE_UNKNOWN || (*reason == REASON_OK && strcmp(image->digest, digest) == 0);
    if (!agrees || (slice_starts(slice_of(digest), "sha256:") && !digest_fits(digest, manifest)))
        return -1;
    *image = (struct ecr_image){.digest = digest, .size = -1, .manifest = manifest};
    image->media_type = json_cstr(arena, json_get(node, "imageManifestMediaType"));
    *reason = REASON_OK;
    return 0;
}

static int take_failure(struct json_node node, const struct ecr_image_id *id, enum reason *reason, const char **failure,
                        struct arena *arena)
{
    const char *code = json_cstr(arena, json_get(node, "failureCode"));
    if (!code || !id_is(json_get(node, "imageId"), id))
        return 0;
    if (*failure && strcmp(*failure, code) != 0)
        return -1;
    *reason = ecr_failure_reason(code);
    *failure = code;
    return 0;
}

/* What the reply says about one id. -1 if it says nothing, or contradicts itself. */
static int take_rows(struct json_node reply, const struct ecr_api *api, const char *repository,
                     const struct ecr_image_id *id, struct ecr_image *image, enum reason *reason, const char **failure,
                     struct arena *arena)
{
    struct json_node found = json_get(reply, "images"), missed = json_get(reply, "failures");
    *reason = CODE_UNKNOWN;
    *failure = NULL;
    for (struct json_node node = json_first(missed); json_exists(node); node = json_next(missed, node))
        if (take_failure(node, id, reason, failure, arena) < 0)
            return -1;
    for (struct json_node node = json_first(found); json_exists(node); node = json_next(found, node))
        if (is_of_repository(node, api, repository) && take_image(node, id, image, reason, arena) < 0)
            return -1;
    return *reason == CODE_UNKNOWN ? -1 : 0;
}

int ecr_batch_get_image(const struct ecr_api *api, const char *repository, const struct ecr_image_id *ids, size_t count,
                        struct ecr_image *images, enum reason *reasons, const char **failures, struct arena *arena,
                        struct error *error)
{
    struct buf body;
    struct json reply;
    ecr_request_open(api, &body);
    json_member_str(&body, "repositoryName", repository);
    write_ids(&body, ids, count);
    write_media_types(&body);
    memset(images, 0, count * sizeof *images);
    if (ecr_call(api, "BatchGetImage", &body, MANIFESTS_MAX, arena, &reply, error) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (take_rows(json_root(&reply), api, repository, &ids[i], &images[i], &reasons[i], &failures[i], arena) < 0)
            return ecr_not_what_was_asked(api, "BatchGetImage", error);
    return 0;
}
