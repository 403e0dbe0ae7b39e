#include "registry/upload.h"

#include <string.h>

#include "base/encode.h"
#include "registry/blob.h"

#define REPLY_MAX (256 << 10)
#define CHUNK_MAX (100 << 20) /* larger ones are not sent, whatever a registry wants */

/* An upload on its way. */
struct upload {
    const struct registry_client *client;
    const struct registry_upload *what;
    struct arena arena; /* of a request */
    struct arena kept;  /* of the location's texts */
    bool open;          /* the registry knows it under: */
    struct url location;
    int64_t offset;   /* that it has, as far as we know */
    int64_t farthest; /* the highest of these */
    int64_t sent;     /* bytes that may have come there */
    int64_t chunk;    /* bytes a request */
    bool chunked;     /* the whole in one request was refused, or cut off */
    bool mount_tried;
    bool began_again;   /* the registry lost it once */
    bool source_failed; /* the content cannot be read: that is not the registry's fault */
};

/* A registry says that it took something; 200 is everybody's word. */
static bool is_taken(int status)
{
    return status == 201 || status == 202 || status == 204;
}

/* The content, with an eye on how it goes. */
static ssize_t read_content(void *context, int64_t offset, char *out, size_t size, struct error *error)
{
    struct upload *upload = context;
    const struct reader *content = upload->what->content;
    ssize_t got = content->read(content->context, offset, out, size, error);
    upload->source_failed = got < 0;
    if (got > 0 && offset + got > upload->sent)
        upload->sent = offset + got;
    return got;
}

/* A page, or a blob of another length, is somebody else's answer. */
static bool is_blob(const struct http_reply *reply, int64_t size)
{
    bool page = slice_starts_nocase(http_header_get(&reply->head, "content-type"), "text/html");
    return reply->head.status == 200 && !page && registry_blob_size(reply) == size;
}

int registry_has_blob(const struct registry_client *client, const char *repository, const char *digest, int64_t size,
                      struct arena *arena, bool *has, struct error *error)
{
    struct http_reply reply;
    bool anonymous;
    struct registry_request request = {.method = "HEAD",
                                       .repository = repository,
                                       .path = arena_printf(arena, "blobs/%s", digest),
                                       .writes = true,
                                       .body_limit = REPLY_MAX};
    *has = false;
    if (registry_send(client, &request, arena, &reply, &anonymous, error) < 0)
        return -1;
    int status = reply.head.status;
    *has = is_blob(&reply, size);
    if (*has || status == 404)
        return 0;
    if (registry_is_own(client->registry, &reply) || status < 400)
        return registry_refused(client, &reply, anonymous, arena, error);
    *has = registry_try_blob(client, repository, digest, size, arena, error) == 0; /* a store that refuses HEAD */
    return *has ? 0 : -1;
}

/* What a registry's refusal of an upload means; its code is kept. */
static int refused(const struct registry_client *client, const struct http_reply *reply, bool anonymous,
                   struct arena *arena, struct error *error)
{
    const char *message;
    const char *code = registry_error_code(arena, reply, &message);
    registry_refused(client, reply, anonymous, arena, error);
    error->service_code = code ? arena_strdup(error->arena, code) : NULL;
    if (error->reason == REASON_AMBIGUOUS) { /* 404: of a push */
        bool missing = code && strcmp(code, "NAME_UNKNOWN") == 0;
        error->reason = missing ? REASON_NO_REPOSITORY : REASON_REFUSED;
    }
    return -1;
}

static int talk(struct upload *upload, struct registry_request *request, struct http_reply *reply, struct error *error)
{
    bool anonymous;
    request->repository = upload->what->repository;
    request->writes = true;
    request->body_limit = REPLY_MAX;
    if (registry_send(upload->client, request, &upload->arena, reply, &anonymous, error) < 0)
        return -1;
    return is_taken(reply->head.status) ? 0 : refused(upload->client, reply, anonymous, &upload->arena, error);
}

/* Where the registry says that the upload goes on (Location). */
static int take_location(struct upload *upload, const struct http_reply *reply, struct error *error)
{
    struct url url;
    const char *name = upload->client->registry->name;
    struct slice text = http_header_get(&reply->head, "location");
    const char *fault = text.len ? url_resolve(&upload->arena, &reply->url, text, &url) : "it is not said";
    if (!fault && reply->url.https && !url.https)
        fault = "it is not https";
    if (fault) {
        error_set(error, REASON_BAD_REPLY, name, "where the upload goes on is no proper URL: %s", fault);
        error->http_status = reply->head.status;
        return -1;
    }
    arena_reset(&upload->kept);
    upload->location = url;
    upload->location.userinfo = NULL;
    upload->location.host = arena_strdup(&upload->kept, url.host);
    upload->location.path = arena_strdup(&upload->kept, url.path);
    upload->location.query = url.query ? arena_strdup(&upload->kept, url.query) : NULL;
    return 0;
}

/* Begins one. 1 when the blob was mounted instead. */
static int begin(struct upload *upload, struct error *error)
{
    struct http_reply reply;
    uint64_t least;
    const struct registry_upload *what = upload->what;
    struct registry_request request = {.method = "POST", .path = "blobs/uploads/", .body = {"", 0}, .once = true};
    struct buf path = BUF_INIT;
    arena_reset(&upload->arena);
    if (what->mount_from && !upload->mount_tried) {
        buf_str(&path, "blobs/uploads/?mount=");
        encode_percent(&path, slice_of(what->digest), "");
        buf_str(&path, "&from=");
        encode_percent(&path, slice_of(what->mount_from), "");
        request.path = buf_detach(&path, &upload->arena);
        request.mounts = what->mount_from;
    }
    bool mounting = request.mounts != NULL;
    upload->mount_tried = true;
    int status = talk(upload, &request, &reply, error);
    if (status < 0 && mounting && error->http_status >= 400 && error->http_status < 500)
        return begin(upload, error); /* it knows no mounting, or we may not: it is uploaded */
    if (status < 0)
        return -1;
    if (mounting && reply.head.status == 201)
        return 1;
    upload->open = true;
    upload->offset = 0;
    if (slice_number(http_header_get(&reply.head, "oci-chunk-min-length"), CHUNK_MAX, &least) &&
        (int64_t)least > upload->chunk)
        upload->chunk = (int64_t)least;
    return take_location(upload, &reply, error);
}

/* The location that ends it, with the digest behind what query there is. */
static struct url end_url(struct upload *upload)
{
    struct url url = upload->location;
    struct buf query = BUF_INIT;
    buf_printf(&query, "%s%sdigest=", url.query ? url.query : "", url.query && *url.query ? "&" : "");
    encode_percent(&query, slice_of(upload->what->digest), "");
    url.query = buf_detach(&query, &upload->arena);
    return url;
}

static int send_whole(struct upload *upload, struct error *error)
{
    struct http_reply reply;
    struct url url = end_url(upload);
    struct reader content = {read_content, upload, upload->what->content->length};
    struct registry_request request = {
        .method = "PUT", .url = &url, .content_type = "application/octet-stream", .source = &content, .once = true};
    return talk(upload, &request, &reply, error);
}

/* A part of the content as one of its own. */
struct part {
    struct upload *upload;
    int64_t first;
};

static ssize_t read_part(void *context, int64_t offset, char *out, size_t size, struct error *error)
{
    const struct part *part = context;
    return read_content(part->upload, part->first + offset, out, size, error);
}

static int send_chunk(struct upload *upload, struct error *error)
{
    struct http_reply reply;
    struct part part = {upload, upload->offset};
    int64_t left = upload->what->content->length - upload->offset, size = left < upload->chunk ? left : upload->chunk;
    arena_reset(&upload->arena);
    struct reader content = {read_part, &part, size};
    struct url url = upload->location;
    const char *range =
        arena_printf(&upload->arena, "%lld-%lld", (long long)upload->offset, (long long)(upload->offset + size - 1));
    struct registry_request request = {.method = "PATCH",
                                       .url = &url,
                                       .content_type = "application/octet-stream",
                                       .content_range = range,
                                       .source = &content,
                                       .once = true};
    if (talk(upload, &request, &reply, error) < 0)
        return -1;
    upload->offset += size; /* our own count: ECR's Range stays at its first part */
    return http_header_get(&reply.head, "location").len ? take_location(upload, &reply, error) : 0;
}

static int send_chunks(struct upload *upload, struct error *error)
{
    struct http_reply reply;
    while (upload->offset < upload->what->content->length)
        if (send_chunk(upload, error) < 0)
            return -1;
    struct url url = end_url(upload);
    struct registry_request request = {.method = "PUT", .url = &url, .body = {"", 0}, .once = true};
    return talk(upload, &request, &reply, error);
}

/* One attempt. 1: it was mounted. */
static int attempt(struct upload *upload, struct error *error)
{
    int began = upload->open ? 0 : begin(upload, error);
    if (began != 0)
        return began;
    return upload->chunked ? send_chunks(upload, error) : send_whole(upload, error);
}

/* The whole in one request is not for every registry, nor for every proxy before it. */
static bool wants_chunks(const struct upload *upload, const struct error *error)
{
    static const int refusals[] = {400, 404, 405, 411, 413, 415, 416, 501};
    bool corrupt =
        error->http_status == 400 && error->service_code &&
        (strcmp(error->service_code, "DIGEST_INVALID") == 0 || strcmp(error->service_code, "SIZE_INVALID") == 0);
    if (upload->chunked || !upload->open || corrupt)
        return false;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (error->http_status == refusals[i])
            return true;
    return false;
}

/* The registry does not know the upload any more, or counts otherwise: another one may do. */
static bool lost_it(const struct upload *upload, const struct error *error)
{
    return upload->chunked && upload->open && !upload->began_again &&
           (error->http_status == 404 || error->http_status == 416);
}

static void start_over(struct upload *upload)
{
    upload->open = false;
    upload->offset = 0;
}

/* How much of it the registry has: "0-LAST" (distribution-spec, "Resuming"). What it does not tell begins anew. */
static void find_offset(struct upload *upload)
{
    struct error ignored;
    struct http_reply reply;
    uint64_t last;
    struct url url = upload->location;
    struct registry_request request = {.method = "GET", .url = &url, .once = true};
    error_init(&ignored, &upload->arena);
    if (upload->what->starts_over || talk(upload, &request, &reply, &ignored) < 0) {
        start_over(upload);
        return;
    }
    struct slice range = http_header_get(&reply.head, "range");
    if (slice_starts_nocase(range, "bytes="))
        range = slice_from(range, 6);
    bool told = slice_starts(range, "0-") && slice_number(slice_from(range, 2), INT64_MAX - 1, &last) &&
                (int64_t)last < upload->sent;
    bool located = told && take_location(upload, &reply, &ignored) == 0;
    if (!located)
        start_over(upload);
    else
        upload->offset = last ? (int64_t)last + 1 : 0; /* "0-0" is said of nothing, too */
    upload->chunked = upload->chunked || located;
}

/* After a failure that may pass. True if the blob is there after all: an answer may have been lost. */
static bool recover(struct upload *upload)
{
    bool has = false;
    struct error ignored;
    error_init(&ignored, &upload->arena);
    arena_reset(&upload->arena);
    if (registry_has_blob(upload->client, upload->what->repository, upload->what->digest, upload->what->content->length,
                          &upload->arena, &has, &ignored) == 0 &&
        has)
        return true;
    if (upload->open)
        find_offset(upload);
    return false;
}

/* Whether another attempt was prepared: 1; 0 when the blob turned out to be there; -1 for the error as it stands. */
static int prepare_again(struct upload *upload, int *attempts, struct error *error)
{
    int cost = 0;
    if (upload->source_failed)
        return -1;
    if (wants_chunks(upload, error)) {
        upload->chunked = true;
        start_over(upload);
        return 1;
    }
    if (lost_it(upload, error)) {
        upload->began_again = true;
        start_over(upload);
        return 1;
    }
    if (!retry_wait(upload->client->retry, (*attempts)++, error, upload->client->deadline, &cost))
        return -1;
    return recover(upload) ? 0 : 1;
}

int registry_put_blob(const struct registry_client *client, const struct registry_upload *what, bool *mounted,
                      struct error *error)
{
    struct upload upload = {.client = client, .what = what, .chunk = UPLOAD_CHUNK};
    int attempts = 1, status, again;
    do {
        error_clear(error);
        status = attempt(&upload, error);
        if (upload.offset > upload.farthest) {
            upload.farthest = upload.offset;
            attempts = 1; /* it moves */
        }
        again = status < 0 ? prepare_again(&upload, &attempts, error) : 0;
    } while (again > 0);
    *mounted = status == 1;
    arena_free(&upload.arena);
    arena_free(&upload.kept);
    return again;
}

int registry_put_manifest(const struct registry_client *client, const struct registry_manifest_upload *upload,
                          struct arena *arena, bool *subject_kept, struct error *error)
{
    struct http_reply reply;
    bool anonymous;
    struct registry_request request = {.method = "PUT",
                                       .repository = upload->repository,
                                       .path = arena_printf(arena, "manifests/%s", upload->target),
                                       .content_type = upload->media_type,
                                       .body = upload->body,
                                       .writes = true,
                                       .body_limit = REPLY_MAX};
    if (registry_send(client, &request, arena, &reply, &anonymous, error) < 0)
        return -1;
    if (!is_taken(reply.head.status))
        return refused(client, &reply, anonymous, arena, error);
    struct slice digest = http_header_get(&reply.head, "docker-content-digest");
    *subject_kept = http_header_get(&reply.head, "oci-subject").len > 0;
    if (!digest.len || slice_is(digest, upload->digest) || !slice_starts(digest, "sha256:"))
        return 0;
    error_set(error, REASON_BAD_REPLY, client->registry->name, "it took %s, but says that it is %.*s", upload->digest,
              SLICE_ARGS(digest));
    error->http_status = reply.head.status;
    return -1;
}
