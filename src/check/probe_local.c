#include <string.h>

#include "check/daemon.h"

#define SOURCE "local"

/* How the daemon writes the repository in RepoDigests: Docker leaves Docker Hub's name and "library/" out. */
static const char *familiar_name(const struct item *item, bool podman, struct arena *arena)
{
    const struct reference *reference = &item->reference;
    if (podman || strcmp(reference->registry, "docker.io") != 0)
        return arena_printf(arena, "%s/%s", reference->registry, reference->repository);
    return reference->repository + (slice_starts(slice_of(reference->repository), "library/") ? 8 : 0);
}

static void ask_one(struct session *session, struct docker *docker, struct item *item, struct arena *scratch)
{
    struct error error;
    struct docker_image image = {.size = -1};
    const char *repository = familiar_name(item, docker->endpoint.podman, scratch);
    error_init(&error, scratch);
    int status = docker_local_image(docker, item->reference.normal, repository, item->reference.digest, item->deadline,
                                    scratch, &image, &error);
    struct outcome outcome = {
        .reason = REASON_OK,
        .size = image.size,
        .digest = image.digest,
        .platforms = image.platforms,
        .platform_count = image.platform_count,
        .detail = "the daemon holds it itself",
    };
    daemon_record(session, item, SOURCE, &outcome, status < 0 ? &error : NULL, scratch);
}

void probe_local(struct session *session, struct todo todo)
{
    daemon_ask_each(session, todo, SOURCE, true, ask_one);
}
