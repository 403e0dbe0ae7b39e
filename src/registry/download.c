#include "registry/download.h"

#include "net/http_stream.h"
#include "registry/blob.h"

#define SKIP_PIECE 16384

void registry_download_begin(struct registry_download *download, const struct registry_client *client,
                             const char *repository, const char *digest, int64_t size)
{
    *download = (struct registry_download){.client = client, .repository = repository, .digest = digest, .size = size};
}

static void hang_up(struct registry_download *download)
{
    http_stream_close(download->stream);
    download->stream = NULL;
    arena_reset(&download->arena);
}

void registry_download_end(struct registry_download *download)
{
    hang_up(download);
    arena_free(&download->arena);
}

static int another_length(const struct registry_download *download, struct error *error)
{
    error_set(error, REASON_BAD_REPLY, download->host, "what it sends for %s has another length than %lld bytes",
              download->digest, (long long)download->size);
    error->http_status = 200;
    return -1;
}

/* Reads over what was read before, where a server sends the whole again. */
static int skip_to(struct registry_download *download, int64_t offset, struct error *error)
{
    char piece[SKIP_PIECE];
    while (download->at < offset) {
        size_t got, size = sizeof piece;
        if ((int64_t)size > offset - download->at)
            size = (size_t)(offset - download->at);
        if (http_stream_read(download->stream, piece, size, &got, error) < 0)
            return -1;
        if (!got)
            return another_length(download, error);
        download->at += (int64_t)got;
    }
    return 0;
}

/* "bytes FIRST-LAST/SIZE" (RFC 9110 section 14.4). */
static bool begins_at(const struct http_reply *reply, int64_t offset)
{
    uint64_t first;
    struct slice range = http_header_get(&reply->head, "content-range");
    return slice_starts_nocase(range, "bytes ") &&
           slice_number(slice_cut(&(struct slice){range.data + 6, range.len - 6}, '-'), INT64_MAX, &first) &&
           (int64_t)first == offset;
}

static int take_reply(struct registry_download *download, const struct http_reply *reply, int64_t offset,
                      struct error *error)
{
    int64_t said = registry_blob_size(reply);
    bool part = reply->head.status == 206;
    download->stream = reply->stream;
    download->host = reply->url.host;
    download->at = part ? offset : 0;
    if (said >= 0 && said != download->size)
        return another_length(download, error);
    if (part && !begins_at(reply, offset))
        return error_set(error, REASON_BAD_REPLY, download->host, "asked for a part of %s it sends another",
                         download->digest);
    return skip_to(download, offset, error);
}

static int ask(struct registry_download *download, int64_t offset, struct error *error)
{
    struct http_reply reply;
    bool anonymous;
    struct arena *arena = &download->arena;
    struct registry_request request = {.method = "GET",
                                       .repository = download->repository,
                                       .path = arena_printf(arena, "blobs/%s", download->digest),
                                       .stream = true,
                                       .body_limit = 1 << 16};
    if (offset)
        request.range = arena_printf(arena, "bytes=%lld-", (long long)offset);
    if (registry_send(download->client, &request, arena, &reply, &anonymous, error) < 0)
        return -1;
    bool led = !registry_is_own(download->client->registry, &reply);
    if (led && reply.head.status == 403 && /* a link that ended before it was used: there are others */
        registry_send(download->client, &request, arena, &reply, &anonymous, error) < 0)
        return -1;
    if (reply.stream)
        return take_reply(download, &reply, offset, error);
    return registry_blob_refused(download->client, download->digest, &reply, anonymous, arena, error);
}

/* The end of the body, too, so that its connection may serve again; and what is too much. */
static int look_for_more(struct registry_download *download, struct error *error)
{
    char byte;
    size_t got;
    struct error ignored;
    error_init(&ignored, &download->arena);
    if (http_stream_read(download->stream, &byte, 1, &got, &ignored) == 0 && got)
        return another_length(download, error);
    return 0;
}

static ssize_t read_once(struct registry_download *download, int64_t offset, char *out, size_t size,
                         struct error *error)
{
    size_t got;
    if (download->stream && download->at != offset)
        hang_up(download);
    if (!download->stream && ask(download, offset, error) < 0)
        return -1;
    if (http_stream_read(download->stream, out, size, &got, error) < 0)
        return -1;
    if (!got)
        return another_length(download, error);
    download->at += (int64_t)got;
    return download->at == download->size && look_for_more(download, error) < 0 ? -1 : (ssize_t)got;
}

static ssize_t read_on(void *context, int64_t offset, char *out, size_t size, struct error *error)
{
    struct registry_download *download = context;
    int cost = 0;
    if ((int64_t)size > download->size - offset)
        size = (size_t)(download->size - offset);
    for (;;) {
        bool streams = download->stream != NULL;
        error_clear(error);
        ssize_t got = read_once(download, offset, out, size, error);
        if (got > 0) {
            download->failures = 0;
            if (cost)
                retry_succeeded(download->client->retry, cost);
            return got;
        }
        streams = streams || download->stream; /* else the request failed, and was tried again as often as it may be */
        hang_up(download);
        if (!streams ||
            !retry_wait(download->client->retry, ++download->failures, error, download->client->deadline, &cost))
            return -1;
    }
}

struct reader registry_download_reader(struct registry_download *download)
{
    return (struct reader){read_on, download, download->size};
}
