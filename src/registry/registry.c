#include "registry/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/addr.h"
#include "registry/certificates.h"

#define HUB          "docker.io"
#define TLS_WAIT_MS  2000                   /* that a registry on this machine has to answer TLS */
#define HUB_ENDPOINT "registry-1.docker.io" /* where the registry of that name is */

void registries_init(struct registries *registries)
{
    registries->first = NULL;
    pthread_mutex_init(&registries->lock, NULL);
}

void registries_free(struct registries *registries)
{
    for (struct registry *registry = registries->first, *next; registry; registry = next) {
        next = registry->next;
        if (registry->has_trust)
            trust_free(&registry->trust);
        if (registry->identity)
            identity_free(registry->identity);
        arena_free(&registry->arena);
        free(registry);
    }
    registries->first = NULL;
}

struct registry *registries_find(struct registries *registries, const char *name, const char *stored_as,
                                 enum registry_login login)
{
    pthread_mutex_lock(&registries->lock);
    struct registry *registry = registries->first;
    while (registry && (registry->login != login || strcmp(registry->name, name) != 0 ||
                        strcmp(registry->stored_as, stored_as) != 0))
        registry = registry->next;
    if (!registry) {
        registry = must_alloc(sizeof *registry);
        *registry = (struct registry){.login = login, .next = registries->first, .grants = REACH_OUTSIDE};
        registry->name = arena_strdup(&registry->arena, name);
        registry->stored_as = arena_strdup(&registry->arena, stored_as);
        error_init(&registry->login_error, &registry->arena);
        pthread_mutex_init(&registry->lock, NULL);
        pthread_cond_init(&registry->fetched, NULL);
        registries->first = registry;
    }
    pthread_mutex_unlock(&registries->lock);
    return registry;
}

static int set_base(struct registry *registry, bool https, struct error *error)
{
    bool hub = strcmp(registry->name, HUB) == 0;
    const char *text =
        arena_printf(&registry->arena, "%s://%s/v2/", https ? "https" : "http", hub ? HUB_ENDPOINT : registry->name);
    const char *fault = url_parse(&registry->arena, slice_of(text), &registry->base);
    return fault ? error_set(error, REASON_REFUSED, registry->name, "is no name of a registry: %s", fault) : 0;
}

void registry_prepare(const struct registry_client *client, struct http_request *request)
{
    struct registry *registry = client->registry;
    request->deadline = client->deadline;
    request->trust = registry->has_trust ? &registry->trust : NULL;
    request->identity = registry->identity;
    request->reach = client->reach;
}

/*
 * A registry on this machine often speaks no TLS. One that does answers plain HTTP with 400, or not at all: then what
 * TLS said stands.
 */
static bool answers_plainly(const struct registry_client *client)
{
    struct arena scratch = {0};
    struct error ignored;
    struct http_request request;
    struct http_reply reply;
    error_init(&ignored, &scratch);
    http_request_init(&request, "GET", &client->registry->base);
    registry_prepare(client, &request);
    request.deadline = deadline_earlier(client->deadline, deadline_in(TLS_WAIT_MS)); /* some wait for a line's end */
    bool secure = http_send(client->http, &request, &scratch, &reply, &ignored) == 0;
    bool plain = false;
    if (!secure && set_base(client->registry, false, &ignored) == 0) {
        request.url = client->registry->base;
        request.deadline = client->deadline;
        plain = http_send(client->http, &request, &scratch, &reply, &ignored) == 0 && reply.head.status != 400;
    }
    arena_free(&scratch);
    return plain;
}

int registry_open(const struct registry_client *client, struct error *error)
{
    struct registry *registry = client->registry;
    struct buf pem = BUF_INIT;
    bool named_plain = client->plain_http && strcmp(client->plain_http, registry->name) == 0;
    if (registry->opened)
        return 0;
    if (registry_certificates_read(&registry->arena, registry->name, &pem, &registry->identity, error) < 0 ||
        set_base(registry, !named_plain, error) < 0) {
        buf_free(&pem);
        return -1;
    }
    registry->has_trust = pem.len > 0;
    if (registry->has_trust)
        trust_init_with(&registry->trust, client->http->trust, &pem);
    buf_free(&pem);
    if (!named_plain && host_is_loopback(registry->base.host) && !answers_plainly(client) &&
        set_base(registry, true, error) < 0)
        return -1;
    registry->opened = true;
    return 0;
}

int registry_find_login(const struct registry_client *client, bool again, struct error *error)
{
    struct registry *registry = client->registry;
    if (registry->login == LOGIN_ANONYMOUS || (registry->asked && !again)) {
        if (registry->login_status < 0)
            error_copy(error, &registry->login_error);
        return registry->login_status;
    }
    error_clear(&registry->login_error);
    registry->login_status =
        client->find_login(client->context, registry, again, &registry->arena, &registry->auth, &registry->login_error);
    bool out_of_time = registry->login_error.reason == REASON_TIMEOUT && deadline_passed(client->deadline);
    registry->asked = !out_of_time; /* the time of one says nothing to the next */
    if (registry->login_status < 0)
        error_copy(error, &registry->login_error);
    return registry->login_status;
}

int registry_take_login(const struct registry_client *client, struct docker_auth *auth, struct error *error)
{
    struct registry *registry = client->registry;
    pthread_mutex_lock(&registry->lock);
    int found = registry_find_login(client, false, error);
    *auth = registry->auth; /* its texts stay while the registry is known */
    pthread_mutex_unlock(&registry->lock);
    return found;
}
