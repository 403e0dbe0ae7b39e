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

static bool is_page(const struct http_reply *reply)
{
    return slice_starts_nocase(http_header_get(&reply->head, "content-type"), "text/html");
}

/* "Not there" on the registry's own word, or that of the store of layers that it leads to. */
static bool is_gone(const struct registry_client *client, const struct http_reply *reply, struct arena *arena)
{
    if (reply->head.status != 404 && reply->head.status != 410)
        return false;
    bool own = url_same_origin(&reply->url, &client->registry->base);
    return !is_page(reply) && (!own || registry_is_shown(client, reply, arena));
}

int registry_blob_refused(const struct registry_client *client, const char *digest, const struct http_reply *reply,
                          bool anonymous, struct arena *arena, struct error *error)
{
    int status = reply->head.status;
    const char *where = reply->url.host;
    registry_refused(client, reply, anonymous, arena, error);
    enum reason reason = is_gone(client, reply, arena) ? REASON_INCOMPLETE : error->reason;
    error_set(error, reason, client->registry->name, "%s cannot be fetched: HTTP %d from %s", digest, status, where);
    if (status == 403 && !url_same_origin(&reply->url, &client->registry->base))
        error_hint(error, "the store of the layers refuses us: look at its policy (S3's endpoint), and at proxies");
    error->http_status = status;
    return -1;
}

int64_t registry_blob_size(const struct http_reply *reply)
{
    uint64_t size;
    struct slice range = http_header_get(&reply->head, "content-range");
    struct slice text = http_header_get(&reply->head, "content-length");
    if (reply->head.status == 206)
        text = slice_from(range, (size_t)(slice_rfind(range, '/') + 1));
    return slice_number(text, INT64_MAX, &size) ? (int64_t)size : -1;
}

static int not_the_blob(const struct http_reply *reply, const char *digest, struct error *error)
{
    error_set(error, is_page(reply) ? REASON_AMBIGUOUS : REASON_BAD_REPLY, reply->url.host,
              "what it sends for %s is something else", digest);
    error_hint(error, "look for a proxy or a captive portal that answers in its place");
    error->http_status = reply->head.status;
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
    if (size == 0 && status == 416) /* of nothing there is no first byte */
        return 0;
    if (status != 200 && status != 206)
        return registry_blob_refused(client, digest, &reply, anonymous, arena, error);
    int64_t said = registry_blob_size(&reply);
    return is_page(&reply) || (size >= 0 && said >= 0 && said != size) ? not_the_blob(&reply, digest, error) : 0;
}

int registry_get_blob(const struct registry_client *client, const char *repository, const char *digest,
                      struct arena *arena, struct slice *content, struct error *error)
{
    struct http_reply reply;
    bool anonymous;
    if (ask(client, repository, digest, false, arena, &reply, &anonymous, error) < 0)
        return -1;
    if (reply.head.status != 200)
        return registry_blob_refused(client, digest, &reply, anonymous, arena, error);
    *content = reply.body;
    if (digest_fits(digest, reply.body))
        return 0;
    error_set(error, REASON_BAD_REPLY, reply.url.host, "what it sends for %s does not have that digest", digest);
    error->http_status = 200;
    return -1;
}
