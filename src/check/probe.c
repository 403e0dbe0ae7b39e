#include "check/probe.h"

const struct probe probe_table[PROBE_COUNT] = {
    [PROBE_ECR] = {"ecr", "ECR", "ECR", probe_ecr},
    [PROBE_REGISTRY] = {"registry", "Registry", "the registry", probe_registry},
    [PROBE_DOCKER] = {"docker", "Docker", "Docker", probe_docker},
    [PROBE_LOCAL] = {"local", "Daemon's own images", "the daemon's own images", probe_local},
};

void todo_step(struct todo todo, struct session *session, const char *source, bool skipped, const struct error *error)
{
    for (size_t i = 0; i < todo.count; i++)
        if (!todo.items[i]->decided)
            item_step(todo.items[i], &session->arena, source, skipped, error);
}
