#include "ecr/operation.h"

#include <string.h>

#include "base/json_edit.h"
#include "ecr/call.h"

#define REPLY_MAX (64 << 20) /* BatchGetImage gives 100 manifests */
#define PAGES_MAX 10000      /* a million rows, 100 a page as the service has it where nothing is said */

#define PRIVATE true, false
#define PUBLIC  false, true
#define BOTH    true, true

static const struct ecr_operation operations[] = {
    {"BatchCheckLayerAvailability", BOTH},
    {"BatchDeleteImage", BOTH},
    {"BatchGetImage", PRIVATE},
    {"BatchGetRepositoryScanningConfiguration", PRIVATE},
    {"CompleteLayerUpload", BOTH},
    {"CreatePullThroughCacheRule", PRIVATE},
    {"CreateRepository", BOTH},
    {"CreateRepositoryCreationTemplate", PRIVATE},
    {"DeleteLifecyclePolicy", PRIVATE},
    {"DeletePullThroughCacheRule", PRIVATE},
    {"DeleteRegistryPolicy", PRIVATE},
    {"DeleteRepository", BOTH},
    {"DeleteRepositoryCreationTemplate", PRIVATE},
    {"DeleteRepositoryPolicy", BOTH},
    {"DeleteSigningConfiguration", PRIVATE},
    {"DeregisterPullTimeUpdateExclusion", PRIVATE},
    {"DescribeImageReplicationStatus", PRIVATE},
    {"DescribeImageScanFindings", PRIVATE},
    {"DescribeImageSigningStatus", PRIVATE},
    {"DescribeImageTags", PUBLIC},
    {"DescribeImages", BOTH},
    {"DescribePullThroughCacheRules", PRIVATE},
    {"DescribeRegistries", PUBLIC},
    {"DescribeRegistry", PRIVATE},
    {"DescribeReplicationBackfillResults", PRIVATE},
    {"DescribeRepositories", BOTH},
    {"DescribeRepositoryCreationTemplates", PRIVATE},
    {"GetAccountSetting", PRIVATE},
    {"GetAuthorizationToken", BOTH},
    {"GetDownloadUrlForLayer", PRIVATE},
    {"GetLifecyclePolicy", PRIVATE},
    {"GetLifecyclePolicyPreview", PRIVATE},
    {"GetRegistryCatalogData", PUBLIC},
    {"GetRegistryPolicy", PRIVATE},
    {"GetRegistryScanningConfiguration", PRIVATE},
    {"GetRepositoryCatalogData", PUBLIC},
    {"GetRepositoryPolicy", BOTH},
    {"GetSigningConfiguration", PRIVATE},
    {"InitiateLayerUpload", BOTH},
    {"ListImageReferrers", PRIVATE},
    {"ListImages", PRIVATE},
    {"ListPullTimeUpdateExclusions", PRIVATE},
    {"ListReplicationBackfills", PRIVATE},
    {"ListTagsForResource", BOTH},
    {"PutAccountSetting", PRIVATE},
    {"PutImage", BOTH},
    {"PutImageScanningConfiguration", PRIVATE},
    {"PutImageTagMutability", PRIVATE},
    {"PutLifecyclePolicy", PRIVATE},
    {"PutRegistryCatalogData", PUBLIC},
    {"PutRegistryPolicy", PRIVATE},
    {"PutRegistryScanningConfiguration", PRIVATE},
    {"PutReplicationConfiguration", PRIVATE},
    {"PutRepositoryCatalogData", PUBLIC},
    {"PutSigningConfiguration", PRIVATE},
    {"RegisterPullTimeUpdateExclusion", PRIVATE},
    {"SetRepositoryPolicy", BOTH},
    {"StartImageScan", PRIVATE},
    {"StartLifecyclePolicyPreview", PRIVATE},
    {"StartReplicationBackfill", PRIVATE},
    {"StopReplicationBackfill", PRIVATE},
    {"TagResource", BOTH},
    {"UntagResource", BOTH},
    {"UpdateImageStorageClass", PRIVATE},
    {"UpdatePullThroughCacheRule", PRIVATE},
    {"UpdateRepositoryCreationTemplate", PRIVATE},
    {"UploadLayerPart", BOTH},
    {"ValidatePullThroughCacheRule", PRIVATE},
};
#define OPERATIONS (sizeof operations / sizeof *operations)

/* "describe-images" and "DescribeImages" are the same name. */
static bool names_match(const char *a, const char *b)
{
    for (;;) {
        a += *a == '-';
        b += *b == '-';
        if (ascii_lower(*a) != ascii_lower(*b))
            return false;
        if (!*a)
            return true;
        a++;
        b++;
    }
}

const struct ecr_operation *ecr_operation_find(const char *name)
{
    for (size_t i = 0; i < OPERATIONS; i++)
        if (names_match(name, operations[i].name))
            return &operations[i];
    return NULL;
}

const char *const *ecr_operation_names(struct arena *arena, size_t *count)
{
    const char **names = arena_array(arena, OPERATIONS, sizeof *names);
    for (size_t i = 0; i < OPERATIONS; i++)
        names[i] = operations[i].name;
    *count = OPERATIONS;
    return names;
}

static struct json *add_page(struct ecr_pages *pages, size_t *room, struct arena *arena)
{
    if (pages->count == *room) {
        *room = 2 * *room + 1;
        struct json *more = arena_array(arena, *room, sizeof *more);
        if (pages->count)
            memcpy(more, pages->list, pages->count * sizeof *more);
        pages->list = more;
    }
    return &pages->list[pages->count++];
}

/* The body that asks for the page of a token. */
static struct slice with_token(struct arena *arena, const struct json *body, const char *token)
{
    static const char *const path[] = {"nextToken"};
    struct buf value = BUF_INIT, text = BUF_INIT;
    json_write_str(&value, token);
    json_edit(&text, json_root(body), path, 1, value.data);
    struct slice all = arena_slice(arena, buf_view(&text));
    buf_free(&value);
    buf_free(&text);
    return all;
}

int ecr_operation_call(const struct ecr_api *api, const struct ecr_operation *operation, struct slice body, bool all,
                       struct arena *arena, struct ecr_pages *pages, struct error *error)
{
    struct json asked;
    size_t room = 0;
    const char *token = NULL;
    *pages = (struct ecr_pages){NULL, 0};
    if (json_parse(arena, body, &asked) < 0)
        return error_set(error, REASON_USAGE, operation->name, "what is to be sent is not JSON");
    do {
        const char *before = token;
        struct json *page = add_page(pages, &room, arena);
        struct slice text = token ? with_token(arena, &asked, token) : body;
        if (ecr_send(api, operation->name, text, REPLY_MAX, arena, page, error) < 0)
            return -1;
        struct json_node next = json_get(json_root(page), "nextToken");
        token = all ? json_cstr(arena, next) : NULL;
        if (all && json_exists(next) && !token)
            return ecr_not_what_was_asked(api, operation->name, error);
        bool repeats = token && before && strcmp(token, before) == 0;
        if (repeats || pages->count == PAGES_MAX)
            return ecr_too_many_pages(api, operation->name, error);
    } while (token && *token);
    return 0;
}
