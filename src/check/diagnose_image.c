#include "auth/stored.h"
#include "base/clock.h"
#include "check/check.h"
#include "check/diagnosis.h"
#include "ecr/repository.h"
#include "image/platform.h"

#define CONFIG_MAX (4 << 20)

static void tell_verdict(struct diagnosis *d, const struct outcome *outcome, int64_t since)
{
    const char *image = d->item->reference.text;
    enum state state = reason_state(outcome->reason);
    d->is_there = state == STATE_PRESENT;
    if (d->is_there) {
        diagnosis_add(d, "image", image, FINDING_OK, since, "it is there: %s", outcome->digest ? outcome->digest : "");
        return;
    }
    struct error error;
    error_init(&error, &d->session->arena);
    error_set(&error, outcome->reason, outcome->source ? outcome->source : "check", "%s (%s): %s", state_name(state),
              reason_name(outcome->reason), outcome->detail ? outcome->detail : "nothing could be asked");
    error.hint = outcome->hint;
    diagnosis_add_error(d, "image", image, FINDING_FAILED, since, &error);
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
    request.deadline = diagnosis_step_deadline(d);
    request.max_redirects = HTTP_REDIRECTS_MAX;
    if (http_send(&d->session->http, &request, arena, &reply, error) < 0)
        return -1;
    *config = reply.body;
    return reply.head.status == 200 ? 0
                                    : error_set(error, REASON_INCOMPLETE, url.host,
                                                "the configuration cannot be fetched: HTTP %d", reply.head.status);
}

static int read_platforms(struct diagnosis *d, struct arena *arena, struct manifest_platforms *platforms,
                          struct error *error)
{
    struct ecr_image image;
    enum reason reason;
    const char *failure;
    struct slice config;
    const struct reference *reference = &d->item->reference;
    struct ecr_image_id id = {reference->digest ? NULL : reference->tag, reference->digest};
    d->api.deadline = diagnosis_step_deadline(d);
    if (ecr_batch_get_image(&d->api, reference->repository, &id, 1, &image, &reason, &failure, arena, error) < 0)
        return -1;
    if (reason != REASON_OK || manifest_platforms(arena, image.manifest, platforms) < 0)
        return error_set(error, REASON_BAD_REPLY, reference->text, "its manifest cannot be read%s%s",
                         failure ? ": " : "", failure ? failure : "");
    if (platforms->is_index)
        return 0;
    if (fetch_config(d, platforms->config, arena, &config, error) < 0)
        return -1;
    platforms->names = arena_array(arena, 1, sizeof *platforms->names);
    platforms->names[0] = config_platform(arena, config);
    platforms->count = platforms->names[0] != NULL;
    return 0;
}

static void look_at_platform(struct diagnosis *d)
{
    struct arena scratch = {0};
    struct manifest_platforms platforms;
    struct error error;
    int64_t since = clock_ms();
    const char *native = platform_native(&d->session->arena);
    error_init(&error, &d->session->arena);
    if (read_platforms(d, &scratch, &platforms, &error) < 0) {
        diagnosis_add_error(d, "platform", native, FINDING_WARNING, since, &error);
        arena_free(&scratch);
        return;
    }
    struct buf list = BUF_INIT;
    bool fits = false;
    for (size_t i = 0; i < platforms.count; i++) {
        fits = fits || platform_fits(platforms.names[i], native);
        buf_printf(&list, "%s%s", i ? ", " : "", platforms.names[i]);
    }
    if (!platforms.count)
        diagnosis_add(d, "platform", native, FINDING_SKIPPED, since, "the image does not name any");
    else if (fits)
        diagnosis_add(d, "platform", native, FINDING_OK, since, "the image is for %s%s", list.data,
                      platforms.is_index ? "" : "; its configuration came through the layer bucket");
    else
        diagnosis_add(d, "platform", native, FINDING_WARNING, since, "the image is for %s alone", list.data)->hint =
            "build it for this machine's platform, too (docker buildx build --platform)";
    buf_free(&list);
    arena_free(&scratch);
}

void diagnose_image(struct diagnosis *d)
{
    static const struct check_events nobody = {NULL, NULL, NULL, NULL};
    int64_t since = clock_ms();
    check_images(d->session, d->item, 1, VIA_AUTO, &nobody);
    tell_verdict(d, &d->item->outcome, since);
    if (d->is_there && d->has_api && !d->host.is_public)
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
    int found = stored_auth_find(&scratch, d->session->options.authfile, registry, &auth, &error);
    if (found < 0)
        diagnosis_add_error(d, "docker login", registry, FINDING_WARNING, since, &error);
    else if (found)
        diagnosis_add(d, "docker login", registry, FINDING_OK, since, "one is stored (ECR's end after 12 hours)");
    else if (auth.helper)
        diagnosis_add(d, "docker login", registry, FINDING_OK, since, "left to the helper '%s'", auth.helper);
    else
        diagnosis_add(d, "docker login", registry, FINDING_WARNING, since, "none is stored")->hint =
            d->item->is_ecr ? arena_printf(&d->session->arena, "for docker: ecr login %s", registry) : NULL;
    arena_free(&scratch);
}

void diagnose_daemon(struct diagnosis *d)
{
    struct docker *docker;
    struct error error;
    int64_t since = clock_ms();
    error_init(&error, &d->session->arena);
    if (session_docker(d->session, false, diagnosis_step_deadline(d), &docker, &error) < 0)
        diagnosis_add(d, "docker", "daemon", FINDING_SKIPPED, since, "%s: %s", error.subject, error.cause);
    else
        diagnosis_add(d, "docker", docker->endpoint.name, FINDING_OK, since, "it answers, API %s",
                      docker->version ? docker->version : "of unknown version");
    if (d->item)
        look_at_login(d);
}
