#include "registry/blob.h"

#include "image/digest.h"

static int ask(const struct registry_client *client, const char *repository, const char *digest, bool first_byte,
               struct arena *arena, struct http_reply *reply, bool *anonymous, struct error *error)
{
    struct registry_request request = {.method = "GET",
                                       .repository = repository,
                                       .path = arena_printf(arena, "blobs/%s", digest),
                                       .first_byte = first_byte,
                                       .body_limit = first_byte ? 4096 : CONFIG_MAX};
    return registry_send(client, &request, arena, reply, anonymous, error);
}

/* A refusal may be the registry's or that of the store that it led to. */
static int refused(const struct registry_client *client, const char *digest, const struct http_reply *reply,
                   bool anonymous, struct arena *arena, struct error *error)
{
    int status = reply->head.status;
    const char *where = reply->url.host;
    registry_refused(client, reply, anonymous, arena, error);
    enum reason reason = status == 404 || status == 410 ? REASON_INCOMPLETE : error->reason;
    error_set(error, reason, client->registry->name, "%s cannot be fetched: HTTP %d from %s", digest, status, where);
    if (status == 403 && !url_same_origin(&reply->url, &client->registry->base))
        error_hint(error, "the store of the layers refuses us: look at its policy (S3's endpoint), and at proxies");
    error->http_status = status;
    return -1;
}

int registry_try_blob(const struct registry_client *client, const char *repository, const char *digest, int64_t size,
                      struct arena *arena, struct error *error)
{
    struct http_reply reply;
    bool anonymous;
    if (ask(client, repository, digest, true, arena, &reply, &anonymous, error) < 0)
        return -1;
    int status = reply.head.status;
    bool empty = size == 0 && status == 416; /* of nothing there is no first byte */
    return status == 200 || status == 206 || empty ? 0 : refused(client, digest, &reply, anonymous, arena, error);
}

int registry_get_blob(const struct registry_client *client, const char *repository, const char *digest,
                      struct arena *arena, struct slice *content, struct error *error)
{
    struct http_reply reply;
    bool anonymous;
    if (ask(client, repository, digest, false, arena, &reply, &anonymous, error) < 0)
        return -1;
    if (reply.head.status != 200)
        return refused(client, digest, &reply, anonymous, arena, error);
    *content = reply.body;
    if (digest_fits(digest, reply.body))
        return 0;
    error_set(error, REASON_BAD_REPLY, reply.url.host, "what it sends for %s does not have that digest", digest);
    error->http_status = 200;
    return -1;
}
