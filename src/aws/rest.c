#include "aws/rest.h"

#include "aws/code.h"
#include "base/clock.h"
#include "base/utf8.h"

static enum reason reason_of(int status, const char *code)
{
    enum reason reason = code ? aws_code_reason(code) : CODE_UNKNOWN;
    if (status == 429)
        return REASON_THROTTLED;
    if (status >= 500)
        return REASON_SERVER_ERROR;
    if (reason != CODE_UNKNOWN)
        return reason;
    if (status >= 300 && status < 400)
        return REASON_BAD_REPLY;
    return status == 401 || status == 403 ? REASON_DENIED : REASON_REFUSED;
}

int rest_refused(const struct rest_call *call, const struct http_request *request, const struct http_reply *reply,
                 struct arena *arena, struct error *error)
{
    const char *message;
    int status = reply->head.status;
    const char *code = http_redact(arena, request, aws_error_code(arena, &reply->head, reply->body, &message));
    message = utf8_excerpt(arena, http_redact(arena, request, message));
    error_set(error, reason_of(status, code), call->who, "HTTP %d from %s%s%s%s%s", status, request->url.host,
              code ? " " : "", code ? code : "", message ? ": " : "", message ? message : "");
    error->http_status = status;
    error->service_code = code ? arena_strdup(error->arena, code) : NULL;
    error->retry_after = http_retry_after(&reply->head);
    return -1;
}

static int attempt(const struct source_context *context, const struct rest_call *call, struct http_request *request,
                   struct http_reply *reply, struct error *error)
{
    request->deadline = deadline_earlier(context->deadline, deadline_in(call->answer_ms));
    if (http_send(context->http, request, context->arena, reply, error) < 0)
        return -1;
    return reply->head.status == 200 ? 0 : rest_refused(call, request, reply, context->arena, error);
}

static bool wait_fixed(const struct rest_call *call, int attempts_done, int64_t deadline, const struct error *error)
{
    int64_t until = deadline_in(call->pause_ms);
    if (attempts_done >= call->attempts || !retry_helps(error) || until >= deadline)
        return false;
    clock_sleep_until(until);
    return true;
}

int rest_send(const struct source_context *context, const struct rest_call *call, struct http_request *request,
              struct http_reply *reply, struct error *error)
{
    request->body_limit = REST_REPLY_MAX;
    for (int done = 1, cost = 0;; done++) {
        if (attempt(context, call, request, reply, error) == 0)
            return 0;
        bool again = call->pause_ms ? wait_fixed(call, done, context->deadline, error)
                                    : done < call->attempts &&
                                          retry_wait(&context->shared->retry, done, error, context->deadline, &cost);
        if (!again)
            return -1;
    }
}

int rest_send_json(const struct source_context *context, const struct rest_call *call, struct http_request *request,
                   struct json *json, struct error *error)
{
    struct http_reply reply;
    if (rest_send(context, call, request, &reply, error) < 0)
        return -1;
    if (json_parse(context->arena, reply.body, json) == 0 && json_is(json_root(json), JSON_OBJECT))
        return 0;
    error_set(error, REASON_BAD_REPLY, call->who, "HTTP 200 from %s, but its body is no JSON object",
              request->url.host);
    error->http_status = 200;
    return -1;
}
