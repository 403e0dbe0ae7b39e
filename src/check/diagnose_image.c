#include <string.h>

#include "auth/stored.h"
#include "base/clock.h"
#include "check/check.h"
#include "check/diagnosis.h"
#include "ecr/repository.h"
#include "image/digest.h"
#include "image/manifest.h"
#include "image/platform.h"

#define CONFIG_MAX    (4 << 20)
#define CONFIG_FAILED (-2) /* the manifest could be read, and what it names could not be fetched */

/* The last step that was refused, for its request id. */
static const char *request_id(const struct outcome *outcome)
{
    const char *id = NULL;
    for (const struct step *step = outcome->trail; step; step = step->next)
        id = step->request_id ? step->request_id : id;
    return id;
}

static void tell_verdict(struct diagnosis *d, const struct outcome *outcome, int64_t took)
{
    const char *image = d->item->reference.text;
    struct error error;
    if (d->is_there) {
        diagnosis_add(d, "image", image, FINDING_OK, clock_ms() - took, NULL, "it is there: %s",
                      outcome->digest ? outcome->digest : "");
        return;
    }
    if (outcome->reason == REASON_NOT_CACHED && d->upstream_has) {
        diagnosis_add(d, "image", image, FINDING_WARNING, clock_ms() - took,
                      "a first pull by its tag imports it, if the puller has ecr:BatchImportUpstreamImage (and "
                      "ecr:CreateRepository where the repository is missing)",
                      "not imported yet; the upstream has it");
        return;
    }
    error_init(&error, &d->session->arena);
    error_set(&error, outcome->reason, outcome->source ? outcome->source : "", "%s (%s): %s",
              state_name(reason_state(outcome->reason)), reason_name(outcome->reason),
              outcome->detail ? outcome->detail : "nothing could be asked");
    error.hint = d->upstream_lacks ? "correct the name or the tag: the upstream does not have it" : outcome->hint;
    error.request_id = request_id(outcome);
    bool by_daemon = outcome->source && strcmp(outcome->source, probe_table[PROBE_DOCKER].name) == 0;
    if (by_daemon && d->item->is_ecr && error.reason == REASON_EXPIRED_CREDENTIALS && !error.hint)
        error_hint(&error, "the login that docker has is over: ecr login %s", d->item->reference.registry);
    diagnosis_add_error(d, "image", image, FINDING_FAILED, clock_ms() - took, &error);
}

/* The configuration of a single image, through the layer bucket: as a pull would fetch it. */
static int fetch_config(struct diagnosis *d, const char *digest, struct arena *arena, struct slice *config,
                        struct error *error)
{
    struct url url;
    struct http_request request;
    struct http_reply reply;
    if (ecr_layer_url(&d->api, d->item->reference.repository, digest, arena, &url, error) < 0)
        return -1;
    http_request_init(&request, "GET", &url);
    request.body_limit = CONFIG_MAX;
    request.reach = REACH_OUTSIDE;
    request.deadline = diagnosis_step_deadline(d);
    request.max_redirects = HTTP_REDIRECTS_MAX;
    if (http_send(&d->session->http, &request, arena, &reply, error) < 0)
        return -1;
    *config = reply.body;
    if (reply.head.status == 200 && digest_fits(digest, reply.body))
        return 0;
    error_set(error, REASON_INCOMPLETE, url.host, "the image's configuration cannot be fetched: HTTP %d%s",
              reply.head.status, reply.head.status == 200 ? ", with other content than its digest says" : "");
    error_hint(error, "the layer bucket must be open to the puller: S3's endpoint policy, and proxies in between");
    return -1;
}

/* The platforms that an image is for, as the list in an index or its configuration says. */
struct platforms {
    bool is_index;
    const char **names;
    size_t count;
};

static void add_children(struct arena *arena, const struct manifest *manifest, struct platforms *platforms)
{
    platforms->is_index = true;
    platforms->names = arena_array(arena, manifest->child_count, sizeof *platforms->names);
    for (size_t i = 0; i < manifest->child_count; i++)
        if (manifest->children[i].platform)
            platforms->names[platforms->count++] = manifest->children[i].platform;
}

static int read_platforms(struct diagnosis *d, struct arena *arena, struct platforms *platforms, struct error *error)
{
    struct ecr_image image;
    enum reason reason;
    const char *failure;
    struct slice config;
    struct manifest manifest;
    const struct reference *reference = &d->item->reference;
    struct ecr_image_id id = {reference->digest ? NULL : reference->tag, reference->digest};
    d->api.deadline = diagnosis_step_deadline(d);
    if (ecr_batch_get_image(&d->api, reference->repository, &id, 1, &image, &reason, &failure, arena, error) < 0)
        return -1;
    if (reason != REASON_OK || manifest_parse(arena, image.manifest, &manifest))
        return error_set(error, REASON_BAD_REPLY, reference->text, "its manifest cannot be read%s%s",
                         failure ? ": " : "", failure ? failure : "");
    if (manifest.is_index)
        add_children(arena, &manifest, platforms);
    if (manifest.is_index || !manifest.config.digest)
        return 0;
    if (fetch_config(d, manifest.config.digest, arena, &config, error) < 0)
        return error->reason == REASON_DENIED ? -1 : CONFIG_FAILED;
    platforms->names = arena_array(arena, 1, sizeof *platforms->names);
    platforms->names[0] = config_platform(arena, config);
    platforms->count = platforms->names[0] != NULL;
    return 0;
}

static void tell_platforms(struct diagnosis *d, const struct platforms *platforms, const char *native, int64_t since)
{
    struct buf list = BUF_INIT;
    bool fits = false;
    for (size_t i = 0; i < platforms->count; i++) {
        fits = fits || platform_fits(platforms->names[i], native);
        buf_printf(&list, "%s%s", i ? ", " : "", platforms->names[i]);
    }
    if (!platforms->count)
        diagnosis_add(d, "platform", native, FINDING_SKIPPED, since, NULL, "the image does not name any");
    else if (fits)
        diagnosis_add(d, "platform", native, FINDING_OK, since, NULL, "the image is for %s%s", list.data,
                      platforms->is_index ? "" : "; its configuration came through the layer bucket");
    else
        diagnosis_add(d, "platform", native, FINDING_WARNING, since,
                      "build it for this machine's platform, too (docker buildx build --platform)",
                      "the image is for %s alone", list.data);
    buf_free(&list);
}

static void look_at_platform(struct diagnosis *d)
{
    struct arena scratch = {0};
    struct platforms platforms = {.is_index = false};
    struct error error;
    int64_t since = clock_ms();
    const char *native = platform_native(&d->session->arena);
    if (diagnosis_out_of_time(d, "platform", native))
        return;
    error_init(&error, &d->session->arena);
    int status = read_platforms(d, &scratch, &platforms, &error);
    if (status == 0)
        tell_platforms(d, &platforms, native, since);
    else /* a configuration that cannot be had means layers that cannot be had: no pull succeeds */
        diagnosis_add_error(d, "platform", native, status == CONFIG_FAILED ? FINDING_FAILED : FINDING_WARNING, since,
                            &error);
    arena_free(&scratch);
}

/* Elsewhere than in a private registry of ECR the daemon's own login, which may be over, decides what it pulls. */
static bool pulls_by_daemon(struct diagnosis *d)
{
    struct docker *docker;
    struct error ignored;
    error_init(&ignored, &d->session->arena);
    bool private = d->item->is_ecr && !d->item->ecr.is_public;
    return !private && session_docker(d->session, false, diagnosis_step_deadline(d), &docker, &ignored) == 0;
}

void diagnose_image(struct diagnosis *d)
{
    static const struct check_events nobody = {NULL, NULL, NULL, NULL};
    int64_t since = clock_ms();
    if (diagnosis_out_of_time(d, "image", d->item->reference.text))
        return;
    if (d->names_broken || d->proxy_broken) {
        diagnosis_add(d, "image", d->item->reference.text, FINDING_SKIPPED, since, NULL, "no registry can be asked");
        return;
    }
    const struct check_options options = {.via = pulls_by_daemon(d) ? PROBE_DOCKER : VIA_AUTO};
    check_images(d->session, d->item, 1, &options, &nobody);
    int64_t took = clock_ms() - since;
    d->is_there = reason_state(d->item->outcome.reason) == STATE_PRESENT;
    bool private = d->has_api && !d->host.is_public;
    if (private) {
        diagnose_repository(d);
        diagnose_cache_rule(d);
    }
    tell_verdict(d, &d->item->outcome, took);
    if (d->is_there && private)
        look_at_platform(d);
}

static void look_at_login(struct diagnosis *d)
{
    struct arena scratch = {0};
    struct docker_auth auth;
    struct error error;
    int64_t since = clock_ms();
    const char *registry = d->item->reference.registry;
    error_init(&error, &d->session->arena);
    int found = stored_auth_find(&scratch, d->session->shared->options.authfile, registry, &auth, &error);
    const char *hint = d->item->is_ecr ? arena_printf(&scratch, "for docker: ecr login %s", registry) : NULL;
    if (found < 0)
        diagnosis_add_error(d, "docker login", registry, FINDING_WARNING, since, &error);
    else if (found)
        diagnosis_add(d, "docker login", registry, FINDING_OK, since, NULL, "one is stored (ECR's end after 12 hours)");
    else if (auth.helper)
        diagnosis_add(d, "docker login", registry, FINDING_OK, since, NULL, "left to the helper '%s'", auth.helper);
    else
        diagnosis_add(d, "docker login", registry, FINDING_WARNING, since, hint, "none is stored in a file");
    arena_free(&scratch);
}

void diagnose_daemon(struct diagnosis *d)
{
    struct docker *docker;
    struct error error;
    int64_t since = clock_ms();
    error_init(&error, &d->session->arena);
    if (diagnosis_out_of_time(d, "docker", "daemon"))
        return;
    if (session_docker(d->session, false, diagnosis_step_deadline(d), &docker, &error) < 0)
        diagnosis_add(d, "docker", "daemon", FINDING_SKIPPED, since, NULL, "%s: %s", error.subject, error.cause);
    else
        diagnosis_add(d, "docker", docker->endpoint.name, FINDING_OK, since, NULL, "it answers, API %s",
                      docker->version ? docker->version : "of unknown version");
    if (d->item)
        look_at_login(d);
}
