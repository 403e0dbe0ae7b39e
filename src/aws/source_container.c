#include <errno.h>
#include <string.h>

#include "aws/rest.h"
#include "base/file.h"
#include "net/addr.h"

#define ECS_ORIGIN "http://169.254.170.2"
#define TOKEN_MAX  (64 << 10)

/* The limits of the AWS SDKs. */
static const struct rest_call call = {"the container's credentials", 3, 1000, 2000};

static const struct credentials_members members = {"AccessKeyId", "SecretAccessKey", "Token", "Expiration",
                                                   "AccountId"};

/* Plain HTTP may go to this machine, ECS and EKS Pod Identity alone: the token must not be sent elsewhere. */
static bool host_is_allowed(const struct url *url)
{
    static const char *const services[] = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23"};
    struct addr addr, service;
    if (url->https || strcmp(url->host, "localhost") == 0)
        return true;
    if (!addr_parse(slice_of(url->host), 0, &addr))
        return false;
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        if (addr_parse(slice_of(services[i]), 0, &service) && addr_equal(&addr, &service))
            return true;
    return addr_is_loopback(&addr);
}

static enum source_end find_url(struct source_context *context, struct url *url, const char **variable,
                                struct error *error)
{
    const char *relative = env_get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *text = env_get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    *variable = relative ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" : "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    if (relative)
        text = arena_printf(context->arena, ECS_ORIGIN "%s%s", *relative == '/' ? "" : "/", relative);
    if (!text)
        return source_not_here(context, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set");
    const char *fault = url_parse(context->arena, slice_of(text), url);
    if (fault) {
        error_set(error, REASON_NO_CREDENTIALS, *variable, "is no URL: %s", fault);
        return SOURCE_FAILED;
    }
    if (host_is_allowed(url))
        return SOURCE_GAVE;
    error_set(error, REASON_NO_CREDENTIALS, *variable, "the host %s is not asked over plain http", url->host);
    error_hint(error, "https may go anywhere, http only to loopback, 169.254.170.2, 169.254.170.23 and [fd00:ec2::23]");
    return SOURCE_FAILED;
}

/* The token is read anew each time: EKS replaces the file's content. NULL without one; -1 with an error. */
static int find_token(struct source_context *context, const char **token, struct error *error)
{
    const char *path = env_get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *name = path ? "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" : "AWS_CONTAINER_AUTHORIZATION_TOKEN";
    struct buf text = BUF_INIT;
    int status = path ? file_read(path, TOKEN_MAX, &text) : 0;
    if (status)
        return error_set(error, REASON_NO_CREDENTIALS, name, "cannot read %s: %s", path, strerror(status));
    struct slice value = path ? slice_trim(buf_view(&text)) : slice_of(env_get(name));
    *token = value.len ? arena_copy(context->arena, value) : NULL;
    for (size_t i = 0; i < value.len && status == 0; i++)
        if ((unsigned char)value.data[i] < 0x20 || value.data[i] == 0x7f)
            status = error_set(error, REASON_NO_CREDENTIALS, name,
                               "the token holds a line break or another control character");
    buf_free(&text);
    return status;
}

enum source_end source_container(struct source_context *context, struct credentials *credentials, struct error *error)
{
    struct url url;
    struct http_request request;
    struct json json;
    const char *token = NULL, *variable;
    enum source_end end = find_url(context, &url, &variable, error);
    if (end != SOURCE_GAVE)
        return end;
    if (find_token(context, &token, error) < 0)
        return SOURCE_FAILED;
    http_request_init(&request, "GET", &url);
    http_request_add(&request, "Accept", "application/json", false);
    if (token)
        http_request_add(&request, "Authorization", token, true);
    const char *name = arena_printf(context->arena, "the container's credentials (%s)", variable);
    if (rest_send_json(context, &call, &request, &json, error) < 0) {
        if (!error->hint && error->reason == REASON_DENIED)
            error_hint(error, "the token or the association of the pod or task with its role is not accepted");
        else if (!error->hint)
            error_hint(error, "%s names the service; is it meant for this container?", variable);
        return SOURCE_FAILED;
    }
    return credentials_from_json(context->arena, json_root(&json), &members, true, false, name, credentials, error) < 0
               ? SOURCE_FAILED
               : SOURCE_GAVE;
}
