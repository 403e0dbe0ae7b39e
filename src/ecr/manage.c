#include "ecr/manage.h"

#include <string.h>

#include "base/json_same.h"

/* What codes mean to who manages; a reason of REASON_OK leaves that which it has. NULL: no advice beside the message. */
static const struct {
    const char *code;
    enum reason reason;
    const char *hint;
} meanings[] = {
    {"RepositoryNotFoundException", REASON_OK, NULL},
    {"ImageNotFoundException", REASON_OK, "'ecr image ls' lists what there is"},
    {"RepositoryPolicyNotFoundException", REASON_NOT_SET, "'ecr policy set' sets one"},
    {"RegistryPolicyNotFoundException", REASON_NOT_SET, "'ecr policy set --registry' sets one"},
    {"LifecyclePolicyNotFoundException", REASON_NOT_SET, "'ecr lifecycle set' sets one, --keep N says which"},
    {"LifecyclePolicyPreviewNotFoundException", REASON_NOT_SET, NULL},
    {"ScanNotFoundException", REASON_NOT_SET, "'ecr scan start' begins one"},
    {"PullThroughCacheRuleNotFoundException", REASON_NOT_SET, "'ecr cache ls' lists the rules"},
    {"RegistryNotFoundException", REASON_NOT_SET, NULL},
    {"RepositoryNotEmptyException", REASON_REFUSED, "it has images: --force deletes them with it"},
    {"RepositoryAlreadyExistsException", REASON_REFUSED, "'ecr repo show' shows it"},
    {"LimitExceededException", REASON_REFUSED,
     "a quota of the account: remove what is not needed, or ask for more in Service Quotas"},
    {"ReferencedImagesNotFoundException", REASON_REFUSED, "the images of an index come before it"},
    {"LayersNotFoundException", REASON_REFUSED, "the repository lacks layers of it: push it instead"},
    {"InvalidParameterException", REASON_REFUSED, NULL},
    {"InvalidTagParameterException", REASON_REFUSED, NULL},
    {"TooManyTagsException", REASON_REFUSED, NULL},
    {"ValidationException", REASON_REFUSED, NULL},
    {"UnsupportedUpstreamRegistryException", REASON_REFUSED, NULL},
    {"UnsupportedImageTypeException", REASON_UNSUPPORTED,
     "an index is not scanned, but its images are: 'ecr image show' lists them"},
    {"ImageArchivedException", REASON_REFUSED, "it is archived: 'ecr image restore' first"},
    {"ImageStorageClassUpdateNotSupportedException", REASON_REFUSED, NULL},
    {"LifecyclePolicyPreviewInProgressException", REASON_REFUSED, "another preview is running: try again in a minute"},
    {"SecretNotFoundException", REASON_REFUSED, "the secret must be in the rule's own account and region"},
    {"UnableToAccessSecretException", REASON_DENIED,
     "the caller, and ECR's service-linked role, need secretsmanager:GetSecretValue on it"},
    {"UnableToDecryptSecretValueException", REASON_DENIED, "the secret's KMS key must let ECR decrypt it"},
    {"KmsException", REASON_DENIED, "the KMS key must be enabled, and let the caller use it and create grants"},
    {"BlockedByOrganizationPolicyException", REASON_DENIED, "a policy of the organization decides this"},
};

/* What an answer has: a member of that type; in it, or in each of a list, a text under `key`. */
struct answer {
    const char *operation, *member;
    enum json_type type;
    const char *key; /* NULL: none is asked for */
};

static const struct answer answers[] = {
    {"BatchDeleteImage", "imageIds", JSON_ARRAY, NULL},
    {"CreatePullThroughCacheRule", "ecrRepositoryPrefix", JSON_STRING, NULL},
    {"CreateRepository", "repository", JSON_OBJECT, "repositoryName"},
    {"DeleteLifecyclePolicy", "lifecyclePolicyText", JSON_STRING, NULL},
    {"DeletePullThroughCacheRule", "ecrRepositoryPrefix", JSON_STRING, NULL},
    {"DeleteRegistryPolicy", "policyText", JSON_STRING, NULL},
    {"DeleteRepository", "repository", JSON_OBJECT, "repositoryName"},
    {"DeleteRepositoryPolicy", "policyText", JSON_STRING, NULL},
    {"DescribeImageReplicationStatus", "replicationStatuses", JSON_ARRAY, "region"},
    {"DescribeImageScanFindings", "imageScanStatus", JSON_OBJECT, "status"},
    {"DescribeImages", "imageDetails", JSON_ARRAY, "imageDigest"},
    {"DescribePullThroughCacheRules", "pullThroughCacheRules", JSON_ARRAY, "ecrRepositoryPrefix"},
    {"DescribeRegistries", "registries", JSON_ARRAY, "registryId"},
    {"DescribeRegistry", "replicationConfiguration", JSON_OBJECT, NULL},
    {"DescribeRepositories", "repositories", JSON_ARRAY, "repositoryName"},
    {"GetLifecyclePolicy", "lifecyclePolicyText", JSON_STRING, NULL},
    {"GetLifecyclePolicyPreview", "previewResults", JSON_ARRAY, "imageDigest"},
    {"GetRegistryPolicy", "policyText", JSON_STRING, NULL},
    {"GetRegistryScanningConfiguration", "scanningConfiguration", JSON_OBJECT, "scanType"},
    {"GetRepositoryPolicy", "policyText", JSON_STRING, NULL},
    {"ListImageReferrers", "referrers", JSON_ARRAY, "digest"},
    {"ListTagsForResource", "tags", JSON_ARRAY, "Key"},
    {"PutImage", "image", JSON_OBJECT, NULL},
    {"PutImageScanningConfiguration", "imageScanningConfiguration", JSON_OBJECT, NULL},
    {"PutImageTagMutability", "imageTagMutability", JSON_STRING, NULL},
    {"PutLifecyclePolicy", "lifecyclePolicyText", JSON_STRING, NULL},
    {"PutRegistryPolicy", "policyText", JSON_STRING, NULL},
    {"PutRegistryScanningConfiguration", "registryScanningConfiguration", JSON_OBJECT, "scanType"},
    {"PutReplicationConfiguration", "replicationConfiguration", JSON_OBJECT, NULL},
    {"SetRepositoryPolicy", "policyText", JSON_STRING, NULL},
    {"StartImageScan", "imageScanStatus", JSON_OBJECT, "status"},
    {"StartLifecyclePolicyPreview", "status", JSON_STRING, NULL},
    {"UpdateImageStorageClass", "imageStatus", JSON_STRING, NULL},
    {"UpdatePullThroughCacheRule", "ecrRepositoryPrefix", JSON_STRING, NULL},
};

/* Every operation that is called through here has a row. */
static const struct answer *answer_of(const char *operation)
{
    size_t i = 0;
    while (i + 1 < sizeof answers / sizeof *answers && strcmp(answers[i].operation, operation) != 0)
        i++;
    return &answers[i];
}

bool ecr_error_is(const struct error *error, const char *code)
{
    return error->service_code && strcmp(error->service_code, code) == 0;
}

void ecr_manage_open(const struct ecr_api *api, const char *repository, struct buf *body)
{
    ecr_request_open(api, body);
    json_member_str(body, "repositoryName", *repository ? repository : NULL);
}

void ecr_manage_image_id(struct buf *body, const char *member, const char *tag, const char *digest)
{
    if (member)
        json_member(body, member);
    json_open(body, '{');
    json_member_str(body, "imageDigest", digest);
    json_member_str(body, "imageTag", tag);
    json_close(body, '}');
}

int ecr_explain(const struct ecr_api *api, const char *thing, struct error *error)
{
    if (!error->service_code || !error->http_status)
        return -1;
    error->subject = arena_strdup(error->arena, thing);
    if (error->reason == REASON_NO_REPOSITORY && api->is_public)
        error_hint(error, "'ecr repo ls --public' lists what there is");
    else if (error->reason == REASON_NO_REPOSITORY)
        error_hint(error, "'ecr repo ls' lists what there is in %s; is it the right account and region?",
                   api->client.region);
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (!ecr_error_is(error, meanings[i].code))
            continue;
        if (meanings[i].reason != REASON_OK)
            error->reason = meanings[i].reason;
        if (meanings[i].hint)
            error_hint(error, "%s", meanings[i].hint);
    }
    return -1;
}

/* Closes and frees a body: *sent is its text, and *request what it says, both in `arena`. */
static int close_body(const char *thing, struct buf *body, struct arena *arena, struct slice *sent,
                      struct json *request, struct error *error)
{
    json_close(body, '}');
    *sent = arena_slice(arena, buf_view(body));
    buf_free(body);
    return json_parse(arena, *sent, request) < 0
               ? error_set(error, REASON_USAGE, thing, "what is to be sent is not JSON")
               : 0;
}

/* Whether what stands under a name in a request is the same in what answers it, if that has it too. */
static bool repeats(struct json_node request, struct json_node answer)
{
    static const char *const names[] = {"repositoryName", "ecrRepositoryPrefix", "registryId"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct json_node asked = json_get(request, names[i]), answered = json_get(answer, names[i]);
        if (json_exists(asked) && json_exists(answered) && !json_same(asked, answered))
            return false;
    }
    return true;
}

int ecr_manage(const struct ecr_api *api, const char *operation, const char *thing, struct buf *body,
               struct arena *arena, struct json_node *reply, struct error *error)
{
    struct slice sent;
    struct json *document = arena_alloc(arena, sizeof *document), request;
    if (close_body(thing, body, arena, &sent, &request, error) < 0)
        return -1;
    if (ecr_send(api, operation, sent, ECR_REPLY_MAX, arena, document, error) < 0)
        return ecr_explain(api, thing, error);
    *reply = json_root(document);
    const struct answer *answer = answer_of(operation);
    struct json_node member = json_get(*reply, answer->member);
    bool good = json_is(member, answer->type) &&
                (answer->type != JSON_OBJECT || !answer->key || json_is(json_get(member, answer->key), JSON_STRING)) &&
                repeats(json_root(&request), *reply) && repeats(json_root(&request), member);
    return good ? 0 : ecr_not_what_was_asked(api, operation, error);
}

int ecr_rows_of(const struct ecr_api *api, const char *operation, const struct ecr_pages *pages, struct arena *arena,
                struct ecr_rows *rows, struct error *error)
{
    size_t room = 0;
    const struct answer *answer = answer_of(operation);
    *rows = (struct ecr_rows){NULL, 0};
    for (size_t i = 0; i < pages->count; i++) {
        struct json_node list = json_get(json_root(&pages->list[i]), answer->member);
        if (!json_is(list, JSON_ARRAY))
            return ecr_not_what_was_asked(api, operation, error);
        for (struct json_node row = json_first(list); json_exists(row); row = json_next(list, row)) {
            if (!json_is(json_get(row, answer->key), JSON_STRING))
                return ecr_not_what_was_asked(api, operation, error);
            if (rows->count == room) {
                room = 2 * room + 100;
                struct json_node *more = arena_array(arena, room, sizeof *more);
                if (rows->count)
                    memcpy(more, rows->list, rows->count * sizeof *more);
                rows->list = more;
            }
            rows->list[rows->count++] = row;
        }
    }
    return 0;
}

/* Whether a page, and each of its rows, is about what was asked for. */
static bool page_repeats(const char *operation, struct json_node request, struct json_node page)
{
    bool same = repeats(request, page);
    struct json_node list = json_get(page, answer_of(operation)->member);
    for (struct json_node row = json_first(list); same && json_is(list, JSON_ARRAY) && json_exists(row);
         row = json_next(list, row))
        same = repeats(request, row);
    return same;
}

int ecr_manage_pages(const struct ecr_api *api, const char *operation, const char *thing, struct buf *body,
                     int page_rows, struct arena *arena, struct ecr_pages *pages, struct error *error)
{
    struct slice sent;
    struct json request;
    *pages = (struct ecr_pages){NULL, 0};
    if (page_rows)
        json_member_int(body, "maxResults", page_rows);
    if (close_body(thing, body, arena, &sent, &request, error) < 0)
        return -1;
    if (ecr_operation_call(api, ecr_operation_find(operation), sent, true, arena, pages, error) < 0)
        return ecr_explain(api, thing, error);
    for (size_t i = 0; i < pages->count; i++)
        if (!page_repeats(operation, json_root(&request), json_root(&pages->list[i])))
            return ecr_not_what_was_asked(api, operation, error);
    return 0;
}

int ecr_manage_list(const struct ecr_api *api, const char *operation, const char *thing, struct buf *body,
                    int page_rows, struct arena *arena, struct ecr_rows *rows, struct error *error)
{
    struct ecr_pages pages;
    if (ecr_manage_pages(api, operation, thing, body, page_rows, arena, &pages, error) < 0)
        return -1;
    return ecr_rows_of(api, operation, &pages, arena, rows, error);
}
