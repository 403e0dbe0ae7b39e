#include "cmd/moving.h"

#include <stdlib.h>
#include <string.h>

#include "auth/stored.h"
#include "base/clock.h"
#include "base/leftover.h"
#include "cmd/moving_events.h"
#include "image/platform.h"

size_t moving_options(struct moving *moving, struct option list[static MOVING_OPTIONS_MAX], bool to_registry)
{
    const struct option all[MOVING_OPTIONS_MAX] = {
        {"platform", 0, OPTION_TEXT, &moving->platform_text, NULL},
        {"all-platforms", 0, OPTION_FLAG, &moving->all_platforms, NULL},
        {"referrers", 0, OPTION_FLAG, &moving->referrers, NULL},
        {"create-repo", 0, OPTION_FLAG, &moving->create_repository, NULL},
    };
    memcpy(list, all, sizeof all);
    return to_registry ? MOVING_OPTIONS_MAX : MOVING_OPTIONS_MAX - 1;
}

static int refuse(struct moving *moving, const char *thing, const char *why)
{
    return error_set(&moving->in->error, REASON_USAGE, thing, "%s", why);
}

/* A place that has one image, for one platform. */
static bool is_for_one(const struct place *place)
{
    return place->kind == PLACE_DOCKER_ARCHIVE || place->kind == PLACE_DAEMON;
}

/* What does not go together, or not with these places. */
static int check_options(struct moving *moving)
{
    struct ecr_host host;
    const struct place *from = &moving->from, *to = &moving->to;
    const char *idle = moving->platform_text   ? "--platform"
                       : moving->all_platforms ? "--all-platforms"
                       : moving->referrers     ? "--referrers"
                                               : NULL;
    if (moving->platform_text && moving->all_platforms)
        return refuse(moving, "--all-platforms", "it cannot be given together with --platform");
    if (from->kind == PLACE_DAEMON && idle)
        return error_set(&moving->in->error, REASON_USAGE, from->text,
                         "%s does not go with it: the daemon gives what it has", idle);
    if (moving->all_platforms && is_for_one(to))
        return refuse(moving, to->text, "it takes an image of one platform, not all of them");
    if (moving->referrers && is_for_one(to))
        return refuse(moving, to->text, "it has no place for what refers to an image");
    if (moving->create_repository && !moving_is_ecr(moving, to, &host))
        return refuse(moving, to->text, "--create-repo makes repositories of ECR, and that is none");
    if (moving->in->json && place_is_stream(to))
        return refuse(moving, "--json", "the archive goes to standard output, where its lines would be");
    if (place_is_stream(from) && place_is_stream(to))
        return refuse(moving, to->text, "one of the two archives must be a file");
    return 0;
}

int moving_settle(struct moving *moving, bool native)
{
    struct invocation *in = moving->in;
    struct move_options *options = &moving->move.options;
    if (check_options(moving) < 0)
        return -1;
    if (moving->platform_text) {
        options->platform = platform_parse(&in->arena, moving->platform_text);
        options->platform_must_fit = true;
        if (!options->platform)
            return refuse(moving, moving->platform_text, "a platform is OS/ARCHITECTURE[/VARIANT], as linux/arm64");
    } else if (!moving->all_platforms && (native || is_for_one(&moving->to))) {
        options->platform = platform_native(&in->arena);
    }
    options->referrers = moving->referrers;
    return 0;
}

bool moving_is_ecr(struct moving *moving, const struct place *place, struct ecr_host *host)
{
    return place->kind == PLACE_REGISTRY && place->reference.port == 0 &&
           ecr_host_parse(&moving->in->arena, place->reference.host, host);
}

/* Whether the user has a login for it, that is no way to us again. */
static bool has_stored_login(struct moving *moving, const struct place *place)
{
    struct docker_auth auth;
    struct error ignored;
    struct arena scratch = {0};
    error_init(&ignored, &scratch);
    const char *file = moving->in->session.authfile;
    const char *name = stored_auth_name(&scratch, file, place->reference.registry, place->reference.repository);
    int found = stored_auth_find(&scratch, file, name, &auth, &ignored);
    bool own = found == 0 && (!auth.helper || strcmp(auth.helper, "ecr-login") == 0);
    arena_free(&scratch);
    return found >= 0 && !own;
}

int moving_login(struct moving *moving, const struct place *place, bool pushes, enum registry_login *login)
{
    struct ecr_host host;
    struct credentials credentials;
    struct ecr_principal *principal;
    struct session *session = &moving->session;
    struct error *error = &moving->in->error;
    *login = LOGIN_STORED;
    if (!moving_is_ecr(moving, place, &host))
        return 0;
    if (ecr_caller_principal(&session->ecr, &host, &principal, error) == 0 &&
        provider_get(&principal->provider, session->deadline, &credentials, error) == 0) {
        *login = LOGIN_ECR;
        return 0;
    }
    bool stored = has_stored_login(moving, place);
    if (!stored && (!host.is_public || pushes))
        return -1;
    error_clear(error); /* there is another way */
    *login = stored ? LOGIN_STORED : LOGIN_ANONYMOUS;
    return 0;
}

static struct registry_client client_for(struct session *session, const struct place *place, enum registry_login login,
                                         bool pushes)
{
    return session_registry(session, place->reference.registry, place->reference.repository, login,
                            !pushes && login != LOGIN_ANONYMOUS, session->deadline);
}

static int join(void *context, struct mover *mover, struct error *error)
{
    struct moving *moving = context;
    struct ecr_host host;
    struct session *session = must_alloc(sizeof *session);
    (void)error;
    session_join(session, &moving->session);
    mover->session = session;
    if (moving->from.kind == PLACE_REGISTRY)
        mover->from = client_for(session, &moving->from, moving->from_login, false);
    if (moving->to.kind == PLACE_REGISTRY)
        mover->to = client_for(session, &moving->to, moving->to_login, true);
    if (moving->to_login == LOGIN_ECR && ecr_host_parse(mover->arena, moving->to.reference.host, &host) &&
        !host.is_public) {
        struct error ignored;
        error_init(&ignored, mover->arena);
        mover->has_api = ecr_caller_api(&session->ecr, &host, session->deadline, &mover->api, &ignored) == 0;
    }
    return 0;
}

static void leave(void *context, struct mover *mover)
{
    (void)context;
    session_leave(mover->session);
    free(mover->session);
}

static int prepare(void *context, struct error *error)
{
    struct moving *moving = context;
    (void)error; /* the invocation's */
    return moving_create_repository(moving);
}

static int find_logins(struct moving *moving)
{
    struct ecr_host host;
    struct move_options *options = &moving->move.options;
    if (moving->from.kind == PLACE_REGISTRY && moving_login(moving, &moving->from, false, &moving->from_login) < 0)
        return -1;
    if (moving->to.kind != PLACE_REGISTRY)
        return 0;
    options->to_ecr = moving_is_ecr(moving, &moving->to, &host);
    options->to_ecr_public = options->to_ecr && host.is_public;
    return moving_login(moving, &moving->to, true, &moving->to_login);
}

const char *moving_tag(const struct moving *moving)
{
    if (moving->to.tag)
        return moving->to.tag;
    return moving->from.kind == PLACE_REGISTRY ? moving->from.reference.tag : moving->from.tag;
}

/* As docker writes an image's name in an archive. */
static const char *name_in_archive(struct moving *moving)
{
    const struct reference *reference = &moving->from.reference;
    bool hub = moving->from.kind == PLACE_REGISTRY && strcmp(reference->registry, "docker.io") == 0;
    const char *repository = reference->repository;
    if (moving->from.kind != PLACE_REGISTRY || !reference->tag)
        return NULL;
    if (hub && slice_starts(slice_of(repository), "library/"))
        repository += strlen("library/");
    return arena_printf(&moving->in->arena, "%s%s%s:%s", hub ? "" : reference->registry, hub ? "" : "/", repository,
                        reference->tag);
}

int moving_print_digest(struct moving *moving, const char *digest)
{
    struct buf line = BUF_INIT;
    struct invocation *in = moving->in;
    if (place_is_stream(&moving->to)) {
        term_note(&in->term, TERM_PLAIN, digest);
        return EXIT_OK;
    }
    buf_printf(&line, "%s\n", digest);
    return invocation_finish(in, &line);
}

int moving_run(struct moving *moving, const char *const *tags, size_t tag_count)
{
    struct invocation *in = moving->in;
    struct move *move = &moving->move;
    struct move_hands hands = {join, leave, prepare, moving};
    if (find_logins(moving) < 0)
        return -1;
    move->from = &moving->from;
    move->to = &moving->to;
    move->tags = tags;
    move->tag_count = tag_count;
    move->name = move->name ? move->name : name_in_archive(moving);
    move->arena = &in->arena;
    moving_watch(moving);
    int status = move_run(move, &hands, &in->error);
    moving_watched(moving);
    return status;
}

int moving_finish(struct moving *moving)
{
    const struct move *move = &moving->move;
    moving_sum_up(moving);
    if (moving->in->json)
        return moving->mute ? EXIT_OTHER : EXIT_OK;
    return moving_print_digest(moving, move->manifests[move->root].digest);
}

int moving_command(struct invocation *in, int (*run)(struct moving *moving))
{
    struct moving moving = {.in = in};
    leftovers_guard();
    int status = run(&moving);
    if (moving.opened)
        session_close(&moving.session);
    return status < 0 ? invocation_fail(in) : status;
}
