#include "docker/images.h"

#include <string.h>

#include "base/encode.h"
#include "base/json.h"
#include "image/digest.h"
#include "net/http_stream.h"

#define OBJECT_MAX (1 << 20) /* of a stream */
#define PIECE      65536

/* What a stream said so far. */
struct talk {
    const struct docker_job *job;
    const char *digest; /* NULL: not yet */
    const char *loaded;
    bool done; /* it says that all went well */
};

/* A failure in a stream of status 200 has no code that says what it was. */
static enum reason reason_of(struct slice message)
{
    static const struct {
        const char *words;
        enum reason reason;
    } table[] = {{"manifest unknown", REASON_NO_IMAGE}, /* phrases: an image's name may hold any word */
                 {"name unknown", REASON_NO_REPOSITORY},
                 {"does not exist locally", REASON_NO_IMAGE},
                 {"no such image", REASON_NO_IMAGE},
                 {"reference does not exist", REASON_NO_IMAGE},
                 {"no basic auth credentials", REASON_NO_CREDENTIALS},
                 {"authorization token has expired", REASON_EXPIRED_CREDENTIALS},
                 {"unauthorized: ", REASON_DENIED},
                 {"401 unauthorized", REASON_DENIED},
                 {"403 forbidden", REASON_DENIED},
                 {"denied: ", REASON_DENIED},
                 {"access denied", REASON_DENIED},
                 {"access to the resource is denied", REASON_DENIED},
                 {"not authorized to perform", REASON_DENIED},
                 {"toomanyrequests: ", REASON_THROTTLED},
                 {"no matching manifest for", REASON_NO_PLATFORM},
                 {"i/o timeout", REASON_TIMEOUT},
                 {"handshake timeout", REASON_TIMEOUT},
                 {"deadline exceeded", REASON_TIMEOUT},
                 {"request canceled", REASON_TIMEOUT},
                 {"connection refused", REASON_UNREACHABLE},
                 {"connection reset", REASON_UNREACHABLE},
                 {"no such host", REASON_UNREACHABLE},
                 {"unexpected eof", REASON_UNREACHABLE},
                 {"unexpected http status: 5", REASON_SERVER_ERROR},
                 {"x509: ", REASON_TLS}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (slice_has_nocase(message, table[i].words))
            return table[i].reason;
    return REASON_REFUSED;
}

static int take_error(const struct talk *talk, struct json_node object, struct error *error)
{
    struct arena *arena = error->arena;
    struct json_node text = json_get(json_get(object, "errorDetail"), "message");
    const char *message = json_cstr(arena, json_exists(text) ? text : json_get(object, "error"));
    if (!message)
        message = "it failed, and does not say why";
    error_set(error, reason_of(slice_of(message)), talk->job->docker->endpoint.name, "the daemon says: %s",
              docker_cut_secrets(arena, message, talk->job->login));
    error->http_status = 200;
    return -1;
}

static void take_status(struct talk *talk, const char *status)
{
    struct slice text = slice_of(status);
    if (slice_starts(text, "Digest: ") && !digest_fault(slice_from(text, 8)))
        talk->digest = arena_copy(talk->job->arena, slice_from(text, 8));
    talk->done = talk->done || slice_starts(text, "Status: ");
}

static void take_loaded(struct talk *talk, struct slice text)
{
    static const char *const fronts[] = {"Loaded image: ", "Loaded image ID: "};
    text = slice_trim(text);
    for (size_t i = 0; i < sizeof fronts / sizeof *fronts; i++)
        if (slice_starts(text, fronts[i])) {
            talk->loaded = arena_copy(talk->job->arena, slice_from(text, strlen(fronts[i])));
            talk->done = true;
        }
}

static int take_object(struct talk *talk, struct slice text, struct error *error)
{
    struct arena scratch = {0};
    struct json json;
    int status = 0;
    int64_t current = 0, total = 0;
    const struct docker_progress *progress = &talk->job->progress;
    if (json_parse(&scratch, text, &json) < 0) {
        error_set(error, REASON_BAD_REPLY, talk->job->docker->endpoint.name, "what it streams is not JSON");
        error->http_status = 200;
        arena_free(&scratch);
        return -1;
    }
    struct json_node root = json_root(&json), detail = json_get(root, "progressDetail"), aux = json_get(root, "aux");
    const char *words = json_cstr(&scratch, json_get(root, "status")), *id = json_cstr(&scratch, json_get(root, "id"));
    const char *pushed = json_cstr(talk->job->arena, json_get(aux, "Digest"));
    if (json_exists(json_get(root, "error")) || json_exists(json_get(root, "errorDetail")))
        status = take_error(talk, root, error);
    if (words)
        take_status(talk, words);
    take_loaded(talk, json_string(&scratch, json_get(root, "stream")));
    if (pushed && !digest_fault(slice_of(pushed))) {
        talk->digest = pushed;
        talk->done = true;
    }
    json_int64(json_get(detail, "current"), &current);
    json_int64(json_get(detail, "total"), &total);
    if (status == 0 && progress->layer && words)
        progress->layer(progress->context, id ? id : "", words, current, total);
    arena_free(&scratch);
    return status;
}

/* Where the search for an object's end is. Objects follow one another, by lines or not. */
struct scan {
    size_t at, depth;
    bool quoted, escaped;
};

/* The length of the first object in a text, 0 while it is not whole. */
static size_t object_length(struct scan *scan, struct slice text)
{
    while (scan->at < text.len) {
        char c = text.data[scan->at++];
        bool opens = !scan->quoted && (c == '{' || c == '['), closes = !scan->quoted && (c == '}' || c == ']');
        if (c == '"' && !scan->escaped)
            scan->quoted = !scan->quoted;
        scan->escaped = scan->quoted && c == '\\' && !scan->escaped;
        scan->depth += opens;
        scan->depth -= closes && scan->depth;
        if (closes && !scan->depth)
            return scan->at;
    }
    return 0;
}

static int take_text(struct talk *talk, struct scan *scan, struct buf *text, struct error *error)
{
    for (size_t len = object_length(scan, buf_view(text)); len; len = object_length(scan, buf_view(text))) {
        if (take_object(talk, slice_trim(slice_head(buf_view(text), len)), error) < 0)
            return -1;
        buf_drop(text, len);
        *scan = (struct scan){.at = 0};
    }
    if (text->len <= OBJECT_MAX)
        return 0;
    error_set(error, REASON_BAD_REPLY, talk->job->docker->endpoint.name, "what it streams does not end");
    error->http_status = 200;
    return -1;
}

static int read_stream(struct talk *talk, struct http_stream *stream, struct error *error)
{
    struct buf text = BUF_INIT;
    struct scan scan = {.at = 0};
    size_t got = 1;
    int status = 0;
    while (status == 0 && got) {
        char *room = buf_reserve(&text, PIECE);
        status = http_stream_read(stream, room, PIECE, &got, error);
        buf_added(&text, status == 0 ? got : 0);
        if (status == 0)
            status = take_text(talk, &scan, &text, error);
    }
    buf_free(&text);
    return status;
}

/* Here a 404 holds the daemon's words before the registry's. */
static int refused(const struct docker_job *job, const struct http_reply *reply, struct error *error)
{
    docker_refused(job->docker, reply, job->login, error->arena, error);
    enum reason said = reply->head.status == 404 ? reason_of(slice_of(error->cause)) : REASON_REFUSED;
    error->reason = said != REASON_REFUSED ? said : error->reason;
    return -1;
}

/* Makes the call and reads its stream to the end. */
static int run(struct talk *talk, const struct docker_call *call, const char *what, struct error *error)
{
    struct arena scratch = {0};
    struct http_reply reply;
    const struct docker_job *job = talk->job;
    int status = docker_send(job->docker, call, job->deadline, &scratch, &reply, error);
    if (status == 0 && !reply.stream)
        status = refused(job, &reply, error);
    if (status == 0)
        status = read_stream(talk, reply.stream, error);
    if (reply.stream)
        http_stream_close(reply.stream);
    if (status == 0 && !talk->done) {
        status = error_set(error, REASON_BAD_REPLY, job->docker->endpoint.name,
                           "it ended before it said that the image is %s", what);
        error->http_status = 200;
    }
    arena_free(&scratch);
    return status;
}

static void add_query(struct buf *path, const char *name, const char *value)
{
    if (!value)
        return;
    buf_printf(path, "%s%s=", slice_find(buf_view(path), '?') < 0 ? "?" : "&", name);
    encode_percent(path, slice_of(value), "");
}

static void add_name(struct buf *path, const char *front, const char *name, const char *back)
{
    buf_str(path, front);
    encode_percent(path, slice_of(name), "/:@");
    buf_str(path, back);
}

int docker_pull(const struct docker_job *job, const char *repository, const char *target, const char *platform,
                const char **digest, struct error *error)
{
    struct talk talk = {.job = job};
    struct buf path = BUF_INIT;
    buf_str(&path, "/images/create");
    add_query(&path, "fromImage", repository);
    add_query(&path, "tag", target);
    add_query(&path, "platform", platform);
    const struct docker_call call = {.method = "POST", .path = path.data, .login = job->login, .stream = true};
    int status = run(&talk, &call, "pulled", error);
    buf_free(&path);
    *digest = talk.digest;
    return status;
}

int docker_push(const struct docker_job *job, const char *repository, const char *tag, const char **digest,
                struct error *error)
{
    static const struct docker_login nobody = {.header = "e30="}; /* {}: the header must be there */
    struct talk talk = {.job = job};
    struct buf path = BUF_INIT;
    add_name(&path, "/images/", repository, "/push");
    add_query(&path, "tag", tag);
    const struct docker_call call = {
        .method = "POST", .path = path.data, .login = job->login ? job->login : &nobody, .stream = true};
    int status = run(&talk, &call, "pushed", error);
    buf_free(&path);
    *digest = talk.digest;
    return status;
}

int docker_tag(const struct docker_job *job, const char *name, const char *repository, const char *tag,
               struct error *error)
{
    struct arena scratch = {0};
    struct http_reply reply;
    struct buf path = BUF_INIT;
    add_name(&path, "/images/", name, "/tag");
    add_query(&path, "repo", repository);
    add_query(&path, "tag", tag);
    const struct docker_call call = {.method = "POST", .path = path.data};
    int status = docker_send(job->docker, &call, job->deadline, &scratch, &reply, error);
    if (status == 0 && reply.head.status != 201 && reply.head.status != 200)
        status = refused(job, &reply, error);
    buf_free(&path);
    arena_free(&scratch);
    return status;
}

int docker_load(const struct docker_job *job, const struct reader *archive, const char **name, struct error *error)
{
    struct talk talk = {.job = job};
    const struct docker_call call = {.method = "POST",
                                     .path = "/images/load?quiet=0",
                                     .source = archive,
                                     .content_type = "application/x-tar",
                                     .stream = true};
    int status = run(&talk, &call, "loaded", error);
    *name = talk.loaded;
    return status;
}

static int copy_stream(const struct docker_job *job, struct http_stream *stream, struct error *error)
{
    struct buf room = BUF_INIT;
    char *piece = buf_reserve(&room, PIECE);
    int64_t done = 0;
    size_t got = 1;
    int status = 0;
    while (status == 0 && got) {
        status = http_stream_read(stream, piece, PIECE, &got, error);
        if (status == 0 && got)
            status = job->save(job->progress.context, (struct slice){piece, got}, error);
        done += (int64_t)got;
        if (status == 0 && job->progress.layer)
            job->progress.layer(job->progress.context, "archive", "Saving", done, 0);
    }
    buf_free(&room);
    return status;
}

int docker_save(const struct docker_job *job, const char *name, struct error *error)
{
    struct arena scratch = {0};
    struct http_reply reply;
    struct buf path = BUF_INIT;
    add_name(&path, "/images/", name, "/get");
    const struct docker_call call = {.method = "GET", .path = path.data, .stream = true};
    int status = docker_send(job->docker, &call, job->deadline, &scratch, &reply, error);
    if (status == 0 && !reply.stream)
        status = refused(job, &reply, error);
    if (status == 0)
        status = copy_stream(job, reply.stream, error);
    if (reply.stream)
        http_stream_close(reply.stream);
    buf_free(&path);
    arena_free(&scratch);
    return status;
}
