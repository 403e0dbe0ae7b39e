#include "check/probe.h"

/* No chain holds this probe yet: it answers --via registry alone. */
void probe_registry(struct session *session, struct todo todo)
{
    struct error error;
    error_init(&error, &session->arena);
    error_set(&error, REASON_UNSUPPORTED, "--via registry", "this version cannot ask a registry by itself");
    error_hint(&error, "use --via ecr or --via docker");
    todo_step(todo, session, "registry", true, &error);
}
