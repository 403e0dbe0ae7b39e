#include "aws/imds.h"

#include "base/clock.h"
#include "base/file.h"

#define DEFAULT_MS 1000 /* of each step; --timeout and AWS_METADATA_SERVICE_TIMEOUT change it */
#define ATTEMPTS   2    /* of a request once it has given a token */
#define REPLY_MAX  (64 << 10)
#define IPV4_BASE  "http://169.254.169.254/"
#define IPV6_BASE  "http://[fd00:ec2::254]/"
#define TTL        "21600"

#define HOP_LIMIT_HINT                                                                                                 \
    "the metadata service is there but does not answer across the container's hop: raise its hop limit "               \
    "(aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2), or give the pod or task a role"

static const char *setting(const struct source_context *context, const char *variable, const char *key)
{
    const char *value = env_get(variable);
    return value ? value : source_key(context, key);
}

static bool is_true(const char *value)
{
    return value && slice_is_nocase(slice_of(value), "true");
}

static bool wants_ipv6(const struct source_context *context)
{
    const char *mode = setting(context, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
    return mode ? slice_is_nocase(slice_of(mode), "ipv6") : is_true(source_key(context, "imds_use_ipv6"));
}

static int find_base(const struct source_context *context, struct url *base, struct error *error)
{
    const char *own = setting(context, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
    const char *text = own ? own : wants_ipv6(context) ? IPV6_BASE : IPV4_BASE;
    if (!slice_ends(slice_of(text), "/"))
        text = arena_printf(context->arena, "%s/", text);
    const char *fault = url_parse(context->arena, slice_of(text), base);
    return fault ? error_set(error, REASON_NO_CREDENTIALS, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "is no URL: %s", fault)
                 : 0;
}

static int64_t step_ms(const struct source_context *context)
{
    uint64_t seconds;
    const char *text = setting(context, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout");
    return text && slice_number(slice_of(text), 60, &seconds) && seconds ? (int64_t)seconds * 1000 : DEFAULT_MS;
}

/* One request, past every proxy: what one of those would answer is not this machine's. */
static int ask(const struct imds *imds, const char *method, const char *path, struct http_reply *reply,
               struct error *error)
{
    const struct source_context *context = imds->context;
    struct http_request request;
    struct url url = imds->base;
    struct proxy_settings usual = context->http->proxy;
    bool put = slice_is(slice_of(method), "PUT");
    url.path = arena_printf(context->arena, "%s%s", imds->base.path, path);
    http_request_init(&request, method, &url);
    request.deadline = deadline_earlier(context->deadline, deadline_in(step_ms(context)));
    request.body_limit = REPLY_MAX;
    if (put) {
        request.body = SLICE("");
        http_request_add(&request, "X-aws-ec2-metadata-token-ttl-seconds", TTL, false);
    }
    if (imds->token)
        http_request_add(&request, "X-aws-ec2-metadata-token", imds->token, true);
    context->http->proxy = (struct proxy_settings){NULL, NULL, NULL};
    int status = http_send(context->http, &request, context->arena, reply, error);
    context->http->proxy = usual;
    return status;
}

static const char *token_of(struct arena *arena, struct slice body)
{
    struct slice text = slice_trim(body);
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= 0x20 || text.data[i] >= 0x7f)
            return NULL;
    return text.len && text.len <= 4096 ? arena_copy(arena, text) : NULL;
}

/* No answer to the PUT: version 1 may be there; when that asks for a token, the answer was lost on its way. */
static enum source_end without_token(struct imds *imds, bool connected, const struct error *failed, const char **hint)
{
    struct http_reply reply;
    struct error ignored;
    struct source_context *context = imds->context;
    bool v1_off = is_true(setting(context, "AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled"));
    error_init(&ignored, context->arena);
    if (!connected)
        return source_not_here(context, "no EC2 metadata service here (%s)", failed->cause);
    bool answered = ask(imds, "GET", "latest/meta-data/", &reply, &ignored) == 0;
    if (answered && reply.head.status == 200 && !v1_off)
        return SOURCE_GAVE;
    if (answered && (reply.head.status == 401 || v1_off))
        *hint = HOP_LIMIT_HINT;
    return source_not_here(context, "%s does not answer the request for a token%s", imds->base.host,
                           *hint ? ", though it answers others: the hop limit" : "");
}

enum source_end imds_open(struct imds *imds, struct source_context *context, const char **hint, struct error *error)
{
    struct http_reply reply;
    struct error failed;
    unsigned requests = context->http->requests; /* one is counted once there is a connection for it */
    *imds = (struct imds){.context = context};
    error_init(&failed, context->arena);
    if (is_true(env_get("AWS_EC2_METADATA_DISABLED")))
        return source_not_here(context, "AWS_EC2_METADATA_DISABLED is set");
    if (find_base(context, &imds->base, error) < 0)
        return SOURCE_FAILED;
    if (ask(imds, "PUT", "latest/api/token", &reply, &failed) < 0 && deadline_passed(context->deadline)) {
        error_copy(error, &failed); /* the time of the call, not the service's */
        return SOURCE_FAILED;
    }
    if (failed.reason != REASON_OK)
        return without_token(imds, context->http->requests != requests, &failed, hint);
    int status = reply.head.status;
    if (status == 200 && (imds->token = token_of(context->arena, reply.body)))
        return SOURCE_GAVE;
    if (status < 401) /* a bad request, a redirect, a page: not that service, or none that may be trusted */
        return source_not_here(context, "%s is no EC2 metadata service: it answered with HTTP %d", imds->base.host,
                               status);
    if (is_true(setting(context, "AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled")))
        return source_not_here(context, "%s gives no token (HTTP %d), and version 1 is switched off", imds->base.host,
                               status);
    return SOURCE_GAVE;
}

/* It gave a token, so it is there: that it fails now says nothing about what it would answer. */
static enum source_end failed_now(struct imds *imds, int status, struct error *error)
{
    if (status)
        error_set(error, status == 429 ? REASON_THROTTLED : REASON_SERVER_ERROR, imds->base.host,
                  "the EC2 metadata service answers with HTTP %d", status);
    else if (error->reason != REASON_TIMEOUT)
        error_set(error, REASON_UNREACHABLE, imds->base.host, "the EC2 metadata service stopped answering");
    error->http_status = status;
    return SOURCE_FAILED;
}

enum source_end imds_get(struct imds *imds, const char *path, int *status, struct slice *body, struct error *error)
{
    struct http_reply reply;
    for (int attempt = 1;; attempt++) {
        error_clear(error);
        *status = ask(imds, "GET", path, &reply, error) < 0 ? 0 : reply.head.status;
        if (*status && *status < 500 && *status != 429)
            break;
        if (attempt == ATTEMPTS || deadline_passed(imds->context->deadline))
            return failed_now(imds, *status, error);
    }
    *body = reply.body;
    return SOURCE_GAVE;
}

const char *imds_region(struct source_context *context)
{
    struct imds imds;
    struct error failed;
    struct slice body;
    int status = 0;
    const char *hint = NULL;
    error_init(&failed, context->arena);
    if (imds_open(&imds, context, &hint, &failed) != SOURCE_GAVE ||
        imds_get(&imds, "latest/meta-data/placement/region", &status, &body, &failed) != SOURCE_GAVE || status != 200)
        return NULL;
    struct slice region = slice_trim(body);
    for (size_t i = 0; i < region.len; i++)
        if (!ascii_is_lower(region.data[i]) && !ascii_is_digit(region.data[i]) && region.data[i] != '-')
            return NULL;
    return region.len && region.len < 40 ? arena_copy(context->arena, region) : NULL;
}
