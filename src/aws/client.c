#include "aws/client.h"

#include <stdlib.h>

#include "aws/code.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "base/version.h"

#define SKEW_WORTH_CORRECTING 240 /* seconds; services allow 300 */
#define REQUEST_ID_MAX        64  /* UUIDs have 36 characters */

static int bad_reply(struct error *error, const struct aws_client *client, const struct http_reply *reply,
                     const char *what)
{
    error_set(error, REASON_BAD_REPLY, client->endpoint.host, "HTTP %d, but %s", reply->head.status, what);
    error_hint(error, "does something stand between here and %s that answers in its place (a proxy, a captive portal)?",
               client->service->name);
    error->http_status = reply->head.status;
    return -1;
}

/* What a status says when no code could be read. */
static enum reason reason_of_status(int status)
{
    if (status == 429)
        return REASON_THROTTLED;
    if (status >= 500)
        return REASON_SERVER_ERROR;
    return status == 401 || status == 403 ? REASON_DENIED : REASON_BAD_REPLY;
}

/*
 * A definite code is believed in a body, and with the status that services send it with; a proxy's 407 is none.
 * Whatever a server error says, the server failed.
 */
static enum reason reason_of_reply(const struct aws_client *client, const struct http_reply *reply, const char *code)
{
    int status = reply->head.status;
    if (!code)
        return reason_of_status(status);
    enum reason reason = aws_code_reason(code);
    if (status >= 500)
        return reason == REASON_THROTTLED ? reason : REASON_SERVER_ERROR;
    if (reason == CODE_UNKNOWN)
        reason = client->service->reason_of(code);
    if (reason == CODE_UNKNOWN)
        return REASON_REFUSED;
    bool definite = reason_state(reason) != STATE_UNKNOWN;
    bool believed = reply->body.len > 0 && (status == 400 || status == 404);
    return definite && !believed ? reason_of_status(status) : reason;
}

static const char *request_id(struct arena *arena, const struct http_head *head)
{
    struct slice id = http_header_get(head, "x-amzn-requestid");
    return id.len ? arena_copy(arena, slice_head(id, REQUEST_ID_MAX)) : NULL;
}

static int service_error(struct error *error, const struct aws_client *client, const char *operation,
                         const struct http_request *request, const struct http_reply *reply, struct arena *arena)
{
    const char *message;
    int status = reply->head.status;
    const char *code = aws_error_code(arena, &reply->head, reply->body, &message);
    message = utf8_excerpt(arena, http_redact(arena, request, message));
    code = http_redact(arena, request, code);
    enum reason reason = reason_of_reply(client, reply, code);
    if (!code && reason == REASON_BAD_REPLY)
        return bad_reply(error, client, reply, "no error code of AWS in it");
    error_set(error, reason, client->endpoint.host, "%s was refused: HTTP %d %s%s%s", operation, status,
              code ? code : "without a code", message ? ": " : "", message ? message : "");
    error->service_code = code ? arena_strdup(error->arena, code) : NULL;
    error->request_id = request_id(error->arena, &reply->head);
    error->http_status = status;
    error->retry_after = http_retry_after(&reply->head);
    return -1;
}

static int read_reply(struct error *error, const struct aws_client *client, const char *operation,
                      const struct http_request *request, const struct http_reply *reply, struct arena *arena,
                      struct json *json)
{
    int status = reply->head.status;
    if (status >= 400)
        return service_error(error, client, operation, request, reply, arena);
    if (status != 200)
        return bad_reply(error, client, reply, "200 was expected");
    if (json_parse(arena, reply->body, json) < 0 || !json_is(json_root(json), JSON_OBJECT))
        return bad_reply(error, client, reply, "its body is no JSON object");
    return 0;
}

static int attempt_call(const struct aws_client *client, const char *operation, struct slice body, size_t reply_limit,
                        int64_t deadline, int64_t now, struct arena *arena, struct http_reply *reply, struct json *json,
                        struct error *error)
{
    struct http_request request;
    http_request_init(&request, "POST", &client->endpoint);
    request.body = body;
    request.body_limit = reply_limit;
    request.deadline = deadline;
    http_request_add(&request, "X-Amz-Target", arena_printf(arena, "%s.%s", client->service->target_prefix, operation),
                     false);
    http_request_add(&request, "Content-Type", "application/x-amz-json-1.1", false);
    sigv4_sign(arena, &request, client->credentials,
               (struct sigv4_scope){client->region, client->service->signing_name, now});
    if (http_send(client->http, &request, arena, reply, error) < 0)
        return -1;
    return read_reply(error, client, operation, &request, reply, arena, json);
}

/* Learns the service's time from a refusal that may come from a wrong clock; true if that changes what we send. */
static bool correct_clock(struct aws_shared *shared, const struct http_reply *reply, const struct error *error)
{
    int64_t server_time;
    if (!error->service_code || !aws_code_may_be_skew(error->service_code) ||
        !time_parse_http(http_header_get(&reply->head, "date"), &server_time))
        return false;
    int64_t skew = server_time - clock_unix();
    if (server_time < ECR_RELEASE_UNIX || llabs(skew - shared->skew) <= SKEW_WORTH_CORRECTING)
        return false;
    shared->skew = skew;
    return true;
}

int aws_call(const struct aws_client *client, const char *operation, struct slice body, size_t reply_limit,
             int64_t deadline, struct arena *arena, struct json *json, struct error *error)
{
    int cost = 0;
    bool corrected = false;
    int64_t skew_before = client->shared->skew;
    for (int attempt = 1;; attempt++) {
        struct http_reply reply = {0};
        int64_t now = clock_unix() + client->shared->skew;
        if (attempt_call(client, operation, body, reply_limit, deadline, now, arena, &reply, json, error) == 0) {
            retry_succeeded(&client->shared->retry, cost);
            return 0;
        }
        if (!corrected && correct_clock(client->shared, &reply, error)) {
            corrected = true;
            continue;
        }
        if (corrected && error->service_code && aws_code_may_be_skew(error->service_code))
            client->shared->skew = skew_before; /* it was not the clock */
        if (!retry_wait(&client->shared->retry, attempt, error, deadline, &cost))
            return -1;
    }
}
