#include "aws/client.h"

#include <stdlib.h>
#include <string.h>

#include "aws/code.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "base/version.h"

#define SKEW_WORTH_CORRECTING 240 /* seconds; services allow 300 */

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

static int service_error(struct error *error, const struct aws_client *client, const char *operation,
                         const struct http_request *request, const struct http_reply *reply, struct arena *arena)
{
    struct aws_failure failure;
    int status = reply->head.status;
    client->service->protocol->read_failure(arena, &reply->head, reply->body, &failure);
    const char *message = utf8_excerpt(arena, http_redact(arena, request, failure.message));
    const char *code = http_redact(arena, request, failure.code);
    enum reason reason = reason_of_reply(client, reply, code);
    if (!code && reason == REASON_BAD_REPLY)
        return bad_reply(error, client, reply, "no error code of AWS in it");
    error_set(error, reason, client->endpoint.host, "%s was refused: HTTP %d %s%s%s", operation, status,
              code ? code : "without a code", message ? ": " : "", message ? message : "");
    error->service_code = code ? arena_strdup(error->arena, code) : NULL;
    error->request_id = failure.request_id ? arena_strdup(error->arena, failure.request_id) : NULL;
    error->http_status = status;
    error->retry_after = http_retry_after(&reply->head);
    return -1;
}

static int read_reply(struct error *error, const struct aws_client *client, const char *operation,
                      const struct http_request *request, const struct http_reply *reply, struct arena *arena,
                      struct aws_document *document)
{
    const struct aws_protocol *protocol = client->service->protocol;
    int status = reply->head.status;
    if (status >= 400)
        return service_error(error, client, operation, request, reply, arena);
    if (status != 200)
        return bad_reply(error, client, reply, "200 was expected");
    if (protocol->parse(arena, reply->body, document) < 0)
        return bad_reply(error, client, reply, arena_printf(arena, "its body is no %s", protocol->document));
    return 0;
}

/* `credentials` is NULL for what is not signed, `now` is the time of the signature. */
static int attempt_call(const struct aws_client *client, const struct aws_request *what,
                        const struct credentials *credentials, int64_t now, struct arena *arena,
                        struct http_reply *reply, struct aws_document *document, struct error *error)
{
    struct http_request request;
    const struct aws_service *service = client->service;
    http_request_init(&request, "POST", &client->endpoint);
    request.body = what->body;
    request.body_secrets[0] = what->secret;
    request.body_limit = what->reply_limit;
    request.deadline = what->deadline;
    if (service->target_prefix)
        http_request_add(&request, "X-Amz-Target",
                         arena_printf(arena, "%s.%s", service->target_prefix, what->operation), false);
    http_request_add(&request, "Content-Type", service->protocol->content_type, false);
    if (credentials)
        sigv4_sign(arena, &request, credentials, (struct sigv4_scope){client->region, service->signing_name, now});
    if (http_send(client->http, &request, arena, reply, error) < 0)
        return -1;
    return read_reply(error, client, what->operation, &request, reply, arena, document);
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

/* A refusal of the keys themselves: whose they are, and what is wrong with them. */
static void hint_at_keys(struct error *error, const struct credentials *used)
{
    static const struct {
        const char *code, *hint;
    } table[] = {
        {"UnrecognizedClientException", "does not know the key"},
        {"InvalidClientTokenId", "does not know the key"},
        {"InvalidClientTokenIdException", "does not know the key"},
        {"SignatureDoesNotMatch", "finds that the secret does not belong to the key"},
        {"InvalidSignatureException", "finds that the secret does not belong to the key"},
    };
    if (error->hint || !error->service_code)
        return;
    if (error->reason == REASON_EXPIRED_CREDENTIALS)
        error_hint(error, "the credentials are over (%s): fetch new ones", used->source);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(error->service_code, table[i].code) == 0)
            error_hint(error, "AWS %s %s (%s)", table[i].hint, used->access_key_id, used->source);
}

/* What a call did to be let through after a refusal, each once. */
struct remedies {
    bool clock;
    int64_t skew_before;
    bool credentials;
};

/* Whether the refusal of the last attempt has a cause that could be mended, and was. */
static bool remedy(const struct aws_client *client, struct remedies *done, const struct credentials *used,
                   int64_t deadline, const struct http_reply *reply, struct error *error)
{
    if (!done->clock && correct_clock(client->shared, reply, error))
        return done->clock = true;
    if (done->clock && error->service_code && aws_code_may_be_skew(error->service_code))
        client->shared->skew = done->skew_before; /* it was not the clock */
    if (done->credentials || !client->provider || error->reason != REASON_EXPIRED_CREDENTIALS)
        return false;
    done->credentials = true;
    return provider_renew(client->provider, used, deadline, error);
}

/* What went wrong with the credentials is no word of the service about the operation, so it must not carry a code. */
static int get_credentials(const struct aws_client *client, int64_t deadline, struct credentials *credentials,
                           struct error *error)
{
    if (!client->provider || provider_get(client->provider, deadline, credentials, error) == 0)
        return 0;
    error->service_code = NULL;
    return -1;
}

int aws_call(const struct aws_client *client, const struct aws_request *request, struct arena *arena,
             struct aws_document *document, struct error *error)
{
    int cost = 0;
    struct remedies done = {.skew_before = client->shared->skew};
    for (int attempt = 1;;) {
        struct credentials credentials;
        struct http_reply reply = {0};
        if (get_credentials(client, request->deadline, &credentials, error) < 0)
            return -1;
        int64_t now = clock_unix() + client->shared->skew;
        if (attempt_call(client, request, client->provider ? &credentials : NULL, now, arena, &reply, document,
                         error) == 0) {
            retry_succeeded(&client->shared->retry, cost);
            return 0;
        }
        if (remedy(client, &done, &credentials, request->deadline, &reply, error))
            continue;
        if (retry_wait(&client->shared->retry, attempt++, error, request->deadline, &cost))
            continue;
        if (client->provider)
            hint_at_keys(error, &credentials);
        return -1;
    }
}
