#include "cmd/moving_daemon.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "check/daemon.h"
#include "docker/images.h"
#include "store/archive.h"

#define LAYERS_MAX 128 /* that are shown; docker's images have no more */
#define TEMPORARY  "the temporary archive (TMPDIR)"
#define TOTAL_MAX  (1LL << 40) /* bytes of a layer that can be */

/* A layer as the daemon tells of it. */
struct layer {
    char id[PROGRESS_LABEL_MAX];
    int64_t current, total, since;
};

/* What the daemon does for us. */
struct daemon_work {
    struct moving *moving;
    struct docker_job job;
    struct layer *layers;
    size_t layer_count;
    int fd; /* of the archive that it saves */
};

static struct layer *find_layer(struct daemon_work *work, const char *id)
{
    for (size_t i = 0; i < work->layer_count; i++)
        if (strcmp(work->layers[i].id, id) == 0)
            return &work->layers[i];
    if (work->layer_count == LAYERS_MAX || strlen(id) >= PROGRESS_LABEL_MAX)
        return NULL;
    struct layer *layer = &work->layers[work->layer_count++];
    *layer = (struct layer){.since = clock_ms()};
    memcpy(layer->id, id, strlen(id));
    return layer;
}

static void show(struct daemon_work *work)
{
    struct progress_bar bars[MOVE_WORKERS], whole = {"all", 0, 0, work->moving->began};
    size_t count = 0;
    for (size_t i = 0; i < work->layer_count; i++) {
        const struct layer *layer = &work->layers[i];
        whole.done += layer->current;
        whole.total += layer->total;
        if (layer->current >= layer->total || count == MOVE_WORKERS)
            continue;
        bars[count] = (struct progress_bar){.done = layer->current, .total = layer->total, .since = layer->since};
        memcpy(bars[count++].label, layer->id, PROGRESS_LABEL_MAX);
    }
    progress_show(&work->moving->progress, bars, count, &whole);
}

/* The words differ from version to version; the numbers of one layer begin anew when it is unpacked. */
static void on_layer(void *context, const char *id, const char *status, int64_t current, int64_t total)
{
    struct daemon_work *work = context;
    bool counts = total > 0 && total < TOTAL_MAX && current >= 0 && current <= total;
    bool moves = strcmp(status, "Downloading") == 0 || strcmp(status, "Pushing") == 0;
    struct layer *layer = counts && moves ? find_layer(work, id) : NULL;
    if (layer) {
        layer->current = current;
        layer->total = total;
    }
    show(work);
}

static int on_piece(void *context, struct slice piece, struct error *error)
{
    const struct daemon_work *work = context;
    int why = write_whole(work->fd, piece);
    return why ? archive_scratch_full(why, error) : 0;
}

static int open_work(struct moving *moving, struct daemon_work *work)
{
    struct docker *docker;
    struct invocation *in = moving->in;
    if (session_docker(&moving->session, false, moving->session.deadline, &docker, &in->error) < 0)
        return -1;
    *work = (struct daemon_work){.moving = moving, .fd = -1};
    work->layers = arena_array(&in->arena, LAYERS_MAX, sizeof *work->layers);
    work->job = (struct docker_job){docker, NULL, {on_layer, work}, on_piece, moving->session.deadline, &in->arena};
    moving->began = clock_ms();
    progress_open(&moving->progress, &in->term);
    return 0;
}

/* The login that the daemon takes along: the same that we would have. */
static int find_login(struct daemon_work *work, const struct place *place, bool pushes)
{
    struct docker_auth auth;
    enum registry_login login;
    struct moving *moving = work->moving;
    struct session *session = &moving->session;
    struct error *error = &moving->in->error;
    const struct docker_endpoint *endpoint = &work->job.docker->endpoint;
    const struct reference *reference = &place->reference;
    work->job.login = NULL;
    if (moving_login(moving, place, pushes, &login) < 0)
        return -1;
    struct registry_client client =
        session_registry(session, reference->registry, reference->repository, login, false, session->deadline);
    int found = login == LOGIN_ANONYMOUS ? 0 : registry_take_login(&client, &auth, error);
    if (found <= 0)
        return found;
    if (!endpoint->local && !endpoint->url.https) {
        error_set(error, REASON_REFUSED, endpoint->name, "credentials are not sent over plain tcp://");
        error_hint(error, "have the daemon listen with TLS, or use its socket");
        return -1;
    }
    work->job.login = daemon_login(&moving->in->arena, &auth, reference->registry);
    return 0;
}

/* "REGISTRY/REPOSITORY", as the daemon takes it. */
static const char *full_repository(struct moving *moving, const struct reference *reference)
{
    return arena_printf(&moving->in->arena, "%s/%s", reference->registry, reference->repository);
}

/* The daemon's error becomes one about the image. Returns -1. */
static int failed(struct daemon_work *work, const char *image, const struct place *to)
{
    struct ecr_host host;
    struct error *error = &work->moving->in->error;
    const char *subject = error->subject, *cause = error->cause, *hint = error->hint;
    progress_close(&work->moving->progress);
    error_set(error, error->reason, image, "%s: %s", subject, cause);
    if (hint)
        error_hint(error, "%s", hint);
    else if (error->reason == REASON_NO_REPOSITORY && to && moving_is_ecr(work->moving, to, &host))
        error_hint(error, "--create-repo makes it");
    return -1;
}

static int tag_as(struct daemon_work *work, const char *name, const struct reference *reference)
{
    return docker_tag(&work->job, name, full_repository(work->moving, reference), reference->tag,
                      &work->moving->in->error) < 0
               ? failed(work, name, NULL)
               : 0;
}

static int say_digest(struct daemon_work *work, const char *digest)
{
    struct moving *moving = work->moving;
    progress_close(&moving->progress);
    if (digest && moving->in->json) {
        struct buf line = BUF_INIT;
        buf_printf(&line, "{\"event\":\"done\",\"digest\":\"%s\"}\n", digest);
        return invocation_finish(moving->in, &line);
    }
    if (digest)
        return moving_print_digest(moving, digest);
    error_set(&moving->in->error, REASON_BAD_REPLY, work->job.docker->endpoint.name,
              "the daemon did it, but does not say the image's digest");
    return -1;
}

/* An image of a registry, under another name if one was given. */
static int pull(struct daemon_work *work)
{
    struct moving *moving = work->moving;
    const struct reference *from = &moving->from.reference, *to = &moving->to.reference;
    const char *repository = full_repository(moving, from), *digest = NULL;
    const char *platform = moving->platform_text ? moving->move.options.platform : NULL;
    if (find_login(work, &moving->from, false) < 0)
        return -1;
    if (docker_pull(&work->job, repository, reference_target(from), platform, &digest, &moving->in->error) < 0)
        return failed(work, from->text, NULL);
    const char *name =
        arena_printf(&moving->in->arena, "%s%s%s", repository, from->digest ? "@" : ":", reference_target(from));
    bool renamed = to->text && strcmp(to->normal, from->normal) != 0;
    if (renamed && tag_as(work, name, to) < 0)
        return -1;
    return say_digest(work, digest);
}

/* An image that is in files: the daemon loads it as an archive, which has no name. */
static int load(struct daemon_work *work)
{
    struct stat info;
    const char *loaded;
    struct moving *moving = work->moving;
    struct error *error = &moving->in->error;
    struct place to = moving->to;
    int fd = archive_scratch_file(error);
    if (fd < 0)
        return -1;
    moving->to = (struct place){.kind = PLACE_DOCKER_ARCHIVE, .text = TEMPORARY, .path = TEMPORARY, .fd = fd};
    moving->move.name =
        to.reference.text && to.reference.tag
            ? arena_printf(&moving->in->arena, "%s:%s", full_repository(moving, &to.reference), to.reference.tag)
            : NULL;
    int status = moving_run(moving, NULL, 0);
    if (status == 0 && fstat(fd, &info) < 0)
        status = archive_scratch_full(errno, error);
    if (status == 0) {
        struct file_part file = {fd, TEMPORARY, 0, info.st_size};
        struct reader content = file_part_reader(&file);
        status = docker_load(&work->job, &content, &loaded, error) < 0 ? failed(work, moving->from.text, NULL) : 0;
    }
    close(fd);
    moving->to = to;
    return status < 0 ? -1 : moving_finish(moving);
}

/* An image of the daemon to files. */
static int save(struct daemon_work *work)
{
    struct moving *moving = work->moving;
    struct place from = moving->from;
    const struct reference *reference = &from.reference;
    int fd = archive_scratch_file(&moving->in->error);
    if (fd < 0)
        return -1;
    work->fd = fd;
    int status = docker_save(&work->job, reference->text, &moving->in->error);
    progress_close(&moving->progress);
    if (status < 0)
        failed(work, reference->text, NULL);
    if (status == 0) {
        moving->from = (struct place){.kind = PLACE_DOCKER_ARCHIVE, .text = from.text, .path = TEMPORARY, .fd = fd};
        moving->move.name = reference->text;
        const char *tag = moving->to.tag ? moving->to.tag : reference->tag;
        status = moving_run(moving, &tag, tag != NULL);
    }
    close(fd);
    return status < 0 ? -1 : moving_finish(moving);
}

int moving_by_daemon(struct moving *moving)
{
    struct daemon_work work;
    struct invocation *in = moving->in;
    const struct place *from = &moving->from, *to = &moving->to;
    bool named = (from->kind != PLACE_DAEMON || from->reference.text) &&
                 (to->kind != PLACE_DAEMON || to->reference.text || from->kind == PLACE_REGISTRY);
    if (!named)
        return error_set(&in->error, REASON_USAGE, "docker:", "the name of the image is missing: docker:IMAGE");
    if (to->kind == PLACE_DAEMON && to->reference.digest)
        return error_set(&in->error, REASON_USAGE, to->text, "an image in the daemon is named by a tag");
    if (open_work(moving, &work) < 0)
        return -1;
    if (from->kind == PLACE_DAEMON && to->kind != PLACE_DAEMON)
        return save(&work);
    if (from->kind == PLACE_REGISTRY)
        return pull(&work);
    if (from->kind != PLACE_DAEMON)
        return load(&work);
    if (tag_as(&work, from->reference.text, &to->reference) < 0)
        return -1;
    term_note(&in->term, TERM_GREEN,
              arena_printf(&in->arena, "%s is now %s, too", from->reference.text, to->reference.text));
    return EXIT_OK;
}

static int push_one(struct daemon_work *work, const struct place *place, const char **digest)
{
    struct moving *moving = work->moving;
    const struct reference *from = &moving->from.reference, *to = &place->reference;
    if (!to->tag)
        return error_set(&moving->in->error, REASON_USAGE, to->text, "the daemon pushes tags: name one");
    moving->to = *place;
    if (find_login(work, place, true) < 0 ||
        (strcmp(from->normal, to->normal) != 0 && tag_as(work, from->text, to) < 0) ||
        moving_create_repository(moving) < 0)
        return -1;
    return docker_push(&work->job, full_repository(moving, to), to->tag, digest, &moving->in->error) < 0
               ? failed(work, to->text, place)
               : 0;
}

int moving_push_by_daemon(struct moving *moving, const struct place *places, size_t count)
{
    struct daemon_work work;
    const char *digest = NULL;
    if (!moving->from.reference.text)
        return error_set(&moving->in->error, REASON_USAGE, "docker:", "the name of the image is missing: docker:IMAGE");
    if (open_work(moving, &work) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (push_one(&work, &places[i], &digest) < 0)
            return -1;
    return say_digest(&work, digest);
}
