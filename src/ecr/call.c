#include "ecr/call.h"

#include <string.h>

#include "base/clock.h"
#include "ecr/code.h"

const struct aws_service ecr_service = {"ECR", "ecr", "AmazonEC2ContainerRegistry_V20150921", &aws_json_protocol,
                                        ecr_code_reason};
const struct aws_service ecr_public_service = {"ECR Public", "ecr-public", "SpencerFrontendService", &aws_json_protocol,
                                               ecr_code_reason};
const struct endpoint_rule ecr_endpoint_rule = {"ecr", "api.ecr", "api.ecr-fips", "ecr", "ecr-fips", false};
const struct endpoint_rule ecr_public_endpoint_rule = {"ecr_public", "api.ecr-public",      "api.ecr-public-fips",
                                                       "ecr-public", "api.ecr-public-fips", false};

void ecr_request_open(const struct ecr_api *api, struct buf *body)
{
    *body = BUF_INIT;
    json_open(body, '{');
    json_member_str(body, "registryId", api->account);
}

/* The action that IAM names in its denial, which need not be the operation's own: creating with tags takes two. */
static const char *denied_action(const struct ecr_api *api, const char *operation, const struct error *error)
{
    static const char mark[] = "not authorized to perform: ";
    const char *found = strstr(error->cause, mark);
    size_t len = 0;
    if (found) {
        found += strlen(mark);
        while (ascii_is_alnum(found[len]) || (found[len] && strchr(":-", found[len])))
            len++;
    }
    struct slice action = {found, len};
    bool is_one = found && slice_find(action, ':') > 0 && !slice_ends(action, ":");
    return is_one ? arena_copy(error->arena, action)
                  : arena_printf(error->arena, "%s:%s", api->client.service->signing_name, operation);
}

int ecr_send(const struct ecr_api *api, const char *operation, struct slice body, size_t limit, struct arena *arena,
             struct json *reply, struct error *error)
{
    struct aws_request request = {operation, body, NULL, limit, api->deadline};
    struct aws_document document;
    int status = aws_call(&api->client, &request, arena, &document, error);
    *reply = document.json;
    if (status < 0 && error->reason == REASON_DENIED && error->service_code &&
        slice_starts(slice_of(error->service_code), "AccessDenied"))
        error_hint(error, "the caller lacks the IAM action %s", denied_action(api, operation, error));
    return status;
}

int ecr_call(const struct ecr_api *api, const char *operation, struct buf *body, size_t limit, struct arena *arena,
             struct json *reply, struct error *error)
{
    json_close(body, '}');
    int status = ecr_send(api, operation, buf_view(body), limit, arena, reply, error);
    buf_free(body);
    return status;
}

bool ecr_out_of_time(const struct ecr_api *api, const struct error *error)
{
    return error->reason == REASON_TIMEOUT && deadline_passed(api->deadline);
}

int ecr_not_what_was_asked(const struct ecr_api *api, const char *operation, struct error *error)
{
    error_set(error, REASON_BAD_REPLY, api->client.endpoint.host, "%s was answered, but not about what was asked for",
              operation);
    error->http_status = 200;
    return -1;
}

int ecr_too_many_pages(const struct ecr_api *api, const char *operation, struct error *error)
{
    error_set(error, REASON_BAD_REPLY, api->client.endpoint.host, "the pages of %s do not end", operation);
    error->http_status = 200;
    return -1;
}

int ecr_call_page(const struct ecr_api *api, const char *operation, struct buf *body, struct buf *token,
                  const char *member, struct arena *arena, struct json *reply, struct json_node *rows,
                  struct error *error)
{
    json_member_int(body, "maxResults", ECR_PAGE_ROWS);
    json_member_str(body, "nextToken", token->len ? token->data : NULL);
    buf_clear(token);
    if (ecr_call(api, operation, body, ECR_REPLY_MAX, arena, reply, error) < 0)
        return -1;
    struct json_node next = json_get(json_root(reply), "nextToken");
    const char *text = json_cstr(arena, next);
    *rows = json_get(json_root(reply), member);
    if (!json_is(*rows, JSON_ARRAY) || (json_exists(next) && !text))
        return ecr_not_what_was_asked(api, operation, error);
    buf_str(token, text ? text : "");
    return 0;
}
