#include "ecr/api.h"

#include <string.h>

#include "aws/code.h"
#include "base/json_write.h"
#include "ecr/code.h"

#define REPLY_MAX (8 << 20)     /* a page of 1,000 images with 1,000 tags each stays below */
#define MANIFESTS_MAX (32 << 20)
#define PAGES_MAX 120           /* 100,000 images a repository, 1,000 a page */
#define ROWS_A_PAGE 1000

const struct aws_service ecr_service = {"ECR", "ecr", "AmazonEC2ContainerRegistry_V20150921", ecr_code_reason};
const struct endpoint_rule ecr_endpoint_rule = {"ecr", "api.ecr", "api.ecr-fips", "ecr", "ecr-fips"};
const struct endpoint_rule ecr_public_endpoint_rule = {"ecr_public", "api.ecr-public", "api.ecr-public-fips", "ecr-public",
                                                       "api.ecr-public-fips"};

static int call(const struct ecr_api *api, const char *operation, struct buf *body, size_t limit, struct arena *arena,
                struct json *reply, struct error *error)
{
    json_close(body, '}');
    int status = aws_call(&api->client, operation, buf_view(body), limit, api->deadline, arena, reply, error);
    buf_free(body);
    if (status < 0 && error->reason == REASON_DENIED && error->service_code &&
        slice_starts(slice_of(error->service_code), "AccessDenied"))
        error_hint(error, "the caller lacks the IAM action ecr:%s", operation);
    return status;
}

static void open_request(const struct ecr_api *api, struct buf *body)
{
    *body = BUF_INIT;
    json_open(body, '{');
    json_member_str(body, "registryId", api->account);
}

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

static int not_what_was_asked(const struct ecr_api *api, const char *operation, struct error *error)
{
    error_set(error, REASON_BAD_REPLY, api->client.endpoint.host, "%s was answered, but not about what was asked for", operation);
    error->http_status = 200;
    return -1;
}

static bool has_tag(struct json_node tags, const char *tag)
{
    for (struct json_node node = json_first(tags); json_exists(node); node = json_next(tags, node))
        if (json_equals(node, tag))
            return true;
    return false;
}

/* Whether an imageDetail is about this id of this repository. */
static bool detail_is_of(struct json_node detail, const char *repository, const struct ecr_image_id *id)
{
    struct json_node name = json_get(detail, "repositoryName");
    if (!json_is(json_get(detail, "imageDigest"), JSON_STRING) || (json_exists(name) && !json_equals(name, repository)))
        return false;
    return id->digest ? json_equals(json_get(detail, "imageDigest"), id->digest) : has_tag(json_get(detail, "imageTags"), id->tag);
}

static struct ecr_image read_detail(struct json_node detail, struct arena *arena)
{
    struct ecr_image image = {.size = -1};
    image.digest = json_cstr(arena, json_get(detail, "imageDigest"));
    image.media_type = json_cstr(arena, json_get(detail, "imageManifestMediaType"));
    image.status = json_cstr(arena, json_get(detail, "imageStatus"));
    json_int64(json_get(detail, "imageSizeInBytes"), &image.size);
    json_seconds(json_get(detail, "imagePushedAt"), &image.pushed_at);
    return image;
}

/* Fills the images that one page of details is about. */
static void match_details(struct json_node details, const char *repository, const struct ecr_image_id *ids, size_t count,
                          struct ecr_image *images, struct arena *arena)
{
    for (struct json_node node = json_first(details); json_exists(node); node = json_next(details, node))
        for (size_t i = 0; i < count; i++)
            if (!images[i].digest && detail_is_of(node, repository, &ids[i]))
                images[i] = read_detail(node, arena);
}

int ecr_describe_images(const struct ecr_api *api, const char *repository, const struct ecr_image_id *ids, size_t count,
                        struct ecr_image *images, struct arena *arena, struct error *error)
{
    struct buf body;
    struct json reply;
    open_request(api, &body);
    json_member_str(&body, "repositoryName", repository);
    write_ids(&body, ids, count);
    memset(images, 0, count * sizeof *images);
    if (call(api, "DescribeImages", &body, REPLY_MAX, arena, &reply, error) < 0)
        return -1;
    match_details(json_get(json_root(&reply), "imageDetails"), repository, ids, count, images, arena);
    for (size_t i = 0; i < count; i++)
        if (!images[i].digest)
            return not_what_was_asked(api, "DescribeImages", error);
    return 0;
}

/* One page of a listing. *token is the next page's, NULL at the end; `rows` the array of that member name. */
static int list_page(const struct ecr_api *api, const char *operation, struct buf *body, const char **token,
                     const char *member, struct arena *arena, struct json *reply, struct json_node *rows,
                     struct error *error)
{
    json_member_int(body, "maxResults", ROWS_A_PAGE);
    json_member_str(body, "nextToken", *token);
    if (call(api, operation, body, REPLY_MAX, arena, reply, error) < 0)
        return -1;
    *rows = json_get(json_root(reply), member);
    *token = json_cstr(arena, json_get(json_root(reply), "nextToken"));
    return json_is(*rows, JSON_ARRAY) ? 0 : not_what_was_asked(api, operation, error);
}

static int too_many_pages(const struct ecr_api *api, const char *operation, struct error *error)
{
    error_set(error, REASON_BAD_REPLY, api->client.endpoint.host, "the pages of %s do not end", operation);
    error->http_status = 200;
    return -1;
}

static int find_with_status(const struct ecr_api *api, const char *repository, const char *status,
                            const struct ecr_image_id *ids, size_t count, struct ecr_image *images, struct arena *arena,
                            struct error *error)
{
    const char *token = NULL;
    for (int page = 0; page < PAGES_MAX; page++) {
        struct buf body;
        struct json reply;
        struct json_node details;
        open_request(api, &body);
        json_member_str(&body, "repositoryName", repository);
        json_member(&body, "filter");
        json_open(&body, '{');
        json_member_str(&body, "imageStatus", status);
        json_close(&body, '}');
        if (list_page(api, "DescribeImages", &body, &token, "imageDetails", arena, &reply, &details, error) < 0)
            return -1;
        match_details(details, repository, ids, count, images, arena);
        if (!token)
            return 0;
    }
    return too_many_pages(api, "DescribeImages", error);
}

int ecr_find_archived(const struct ecr_api *api, const char *repository, const struct ecr_image_id *ids, size_t count,
                      struct ecr_image *images, struct arena *arena, struct error *error)
{
    memset(images, 0, count * sizeof *images);
    if (find_with_status(api, repository, "ARCHIVED", ids, count, images, arena, error) < 0)
        return -1;
    return find_with_status(api, repository, "ACTIVATING", ids, count, images, arena, error);
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

static void match_image(struct json_node node, const struct ecr_image_id *id, struct ecr_image *image, enum reason *reason,
                        struct arena *arena)
{
    struct json_node image_id = json_get(node, "imageId");
    const char *digest = json_cstr(arena, json_get(image_id, "imageDigest"));
    if (!id_is(image_id, id) || !digest || !json_is(json_get(node, "imageManifest"), JSON_STRING))
        return;
    *image = (struct ecr_image){.digest = digest, .size = -1};
    image->media_type = json_cstr(arena, json_get(node, "imageManifestMediaType"));
    *reason = REASON_OK;
}

static void match_failure(struct json_node node, const struct ecr_image_id *id, enum reason *reason, const char **failure,
                          struct arena *arena)
{
    const char *code = json_cstr(arena, json_get(node, "failureCode"));
    if (!code || !id_is(json_get(node, "imageId"), id))
        return;
    *reason = ecr_failure_reason(code);
    *failure = code;
}

int ecr_batch_get_image(const struct ecr_api *api, const char *repository, const struct ecr_image_id *ids, size_t count,
                        struct ecr_image *images, enum reason *reasons, const char **failures, struct arena *arena,
                        struct error *error)
{
    struct buf body;
    struct json reply;
    open_request(api, &body);
    json_member_str(&body, "repositoryName", repository);
    write_ids(&body, ids, count);
    write_media_types(&body);
    memset(images, 0, count * sizeof *images);
    if (call(api, "BatchGetImage", &body, MANIFESTS_MAX, arena, &reply, error) < 0)
        return -1;
    struct json_node found = json_get(json_root(&reply), "images"), missed = json_get(json_root(&reply), "failures");
    for (size_t i = 0; i < count; i++) {
        reasons[i] = CODE_UNKNOWN;
        failures[i] = NULL;
        for (struct json_node node = json_first(missed); json_exists(node); node = json_next(missed, node))
            match_failure(node, &ids[i], &reasons[i], &failures[i], arena);
        for (struct json_node node = json_first(found); json_exists(node); node = json_next(found, node))
            match_image(node, &ids[i], &images[i], &reasons[i], arena);
        if (reasons[i] == CODE_UNKNOWN)
            return not_what_was_asked(api, "BatchGetImage", error);
    }
    return 0;
}

static size_t json_length(struct json_node array)
{
    size_t length = 0;
    for (struct json_node node = json_first(array); json_exists(node); node = json_next(array, node))
        length++;
    return length;
}

static void append_rules(struct json_node rows, struct arena *arena, struct ecr_cache_rule **rules, size_t *count)
{
    struct ecr_cache_rule *all = arena_array(arena, *count + json_length(rows), sizeof *all);
    if (*count)
        memcpy(all, *rules, *count * sizeof *all);
    for (struct json_node node = json_first(rows); json_exists(node); node = json_next(rows, node)) {
        const char *prefix = json_cstr(arena, json_get(node, "ecrRepositoryPrefix"));
        const char *upstream = json_cstr(arena, json_get(node, "upstreamRegistryUrl"));
        if (prefix)
            all[(*count)++] = (struct ecr_cache_rule){prefix, upstream ? upstream : "its upstream"};
    }
    *rules = all;
}

int ecr_cache_rules(const struct ecr_api *api, struct arena *arena, struct ecr_cache_rule **rules, size_t *count,
                    struct error *error)
{
    const char *token = NULL;
    *rules = NULL;
    *count = 0;
    for (int page = 0; page < PAGES_MAX; page++) {
        struct buf body;
        struct json reply;
        struct json_node rows;
        open_request(api, &body);
        if (list_page(api, "DescribePullThroughCacheRules", &body, &token, "pullThroughCacheRules", arena, &reply, &rows, error) < 0)
            return -1;
        append_rules(rows, arena, rules, count);
        if (!token)
            return 0;
    }
    return too_many_pages(api, "DescribePullThroughCacheRules", error);
}

static bool covers(const char *prefix, const char *repository)
{
    size_t len = strlen(prefix);
    return len > 0 && strncmp(prefix, repository, len) == 0 && (repository[len] == '/' || prefix[len - 1] == '/');
}

const struct ecr_cache_rule *ecr_covering_rule(const struct ecr_cache_rule *rules, size_t count, const char *repository)
{
    const struct ecr_cache_rule *best = NULL, *root = NULL;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rules[i].prefix, "ROOT") == 0)
            root = &rules[i];
        else if (covers(rules[i].prefix, repository) && (!best || strlen(rules[i].prefix) > strlen(best->prefix)))
            best = &rules[i];
    }
    return best ? best : root;
}

int ecr_authorization_token(const struct ecr_api *api, struct arena *arena, const char **token, struct error *error)
{
    struct buf body = BUF_INIT;
    struct json reply;
    json_open(&body, '{'); /* registryIds is deprecated: the token is the caller's for every registry */
    if (call(api, "GetAuthorizationToken", &body, REPLY_MAX, arena, &reply, error) < 0)
        return -1;
    struct json_node list = json_get(json_root(&reply), "authorizationData");
    *token = json_cstr(arena, json_get(json_first(list), "authorizationToken"));
    return *token ? 0 : not_what_was_asked(api, "GetAuthorizationToken", error);
}
