#ifndef ECR_REGISTRY_REGISTRY_H
#define ECR_REGISTRY_REGISTRY_H

#include <pthread.h>

#include "auth/docker_config.h"
#include "net/http.h"
#include "net/retry.h"

/* A registry as a run gets to know it (OCI distribution-spec), and the registries of a run. */

#define REGISTRY_SPACING_MS 5 /* between the beginnings of requests to one registry: 200 a second */

/* How a registry is logged in to. */
enum registry_login {
    LOGIN_STORED,   /* with what the user has stored for it, else anonymously */
    LOGIN_ECR,      /* with a token of ECR */
    LOGIN_ANONYMOUS /* as a stranger */
};

enum registry_scheme { SCHEME_UNKNOWN, SCHEME_BASIC, SCHEME_BEARER };

/* What is known of one registry under one login. Shared by all threads; the first members never change. */
struct registry {
    const char *name;      /* "ghcr.io", "localhost:5000", "docker.io" */
    const char *stored_as; /* the name of its login: its own, or with a namespace of repositories behind */
    enum registry_login login;
    struct registry *next;
    pthread_mutex_t lock; /* of all that follows */
    struct arena arena;
    bool opened; /* the folders of certificates were looked into */
    struct url base;
    struct trust trust; /* with what stands there, if `has_trust` */
    bool has_trust;
    struct identity *identity; /* a client certificate; NULL: none */
    bool asked;                /* whoever knows a login was asked: */
    int login_status;          /* 1 with `auth`, 0 for none, -1 with `login_error` */
    struct docker_auth auth;
    struct error login_error;
    bool refused; /* the login was, and strangers are let in: they are asked as such from now on */
    enum registry_scheme scheme;
    const char *realm, *service, *scope; /* of its token service; a scope that names no repository is its own */
    size_t learnt;                       /* bytes of such texts, so far */
    struct registry_token *tokens;
    pthread_cond_t fetched; /* one of them */
    bool shown;             /* it has shown itself to be a registry */
    enum addr_reach grants; /* where it may lead us */
    int64_t free_at;        /* milliseconds on the monotonic clock: when the next request may begin */
    int64_t rests_until;    /* likewise, as the registry itself asked for it */
};

struct registries {
    pthread_mutex_t lock;
    struct registry *first;
};

void registries_init(struct registries *registries);
void registries_free(struct registries *registries);

/* The registry of that name under that login (and the name that this is stored as). It lives as long as the list. */
struct registry *registries_find(struct registries *registries, const char *name, const char *stored_as,
                                 enum registry_login login);

/*
 * Whoever knows logins: 1 with `auth` in `arena`, 0 for none, -1 with an error. `again` says that what it gave last is
 * over.
 */
typedef int registry_login_finder(void *context, const struct registry *registry, bool again, struct arena *arena,
                                  struct docker_auth *auth, struct error *error);

/* One thread's way to a registry. Nothing is owned. */
struct registry_client {
    struct registry *registry;
    struct registry *stranger; /* the same one without a login, tried when the stored one is refused; NULL: not */
    struct http *http;
    struct retry *retry;
    registry_login_finder *find_login;
    void *context;
    const char *plain_http; /* a registry that is spoken to without TLS; NULL: none */
    enum addr_reach reach;  /* where it may be: its name may be a peer's word */
    int64_t deadline;
};

/* The login that the registry is asked with, for whoever asks it by another way: 1, 0 for none, -1 with an error. */
int registry_take_login(const struct registry_client *client, struct docker_auth *auth, struct error *error);

/*
 * For the files of this room. Under the registry's lock: what is needed before the first request (certificates of its
 * own, with TLS or without), and its login: 1, 0 for none, -1 with an error.
 */
int registry_open(const struct registry_client *client, struct error *error);
int registry_find_login(const struct registry_client *client, bool again, struct error *error);
void registry_prepare(const struct registry_client *client, struct http_request *request);

/* What a reply shows: that the registry itself gave it, its mark, and that a login of ECR is over. */
bool registry_is_own(const struct registry *registry, const struct http_reply *reply);
bool registry_has_mark(const struct http_reply *reply);
bool registry_says_expired(const struct http_reply *reply);

/* A request below /v2/. */
struct registry_request {
    const char *method;     /* "GET", "PUT" */
    const char *repository; /* whose scope a token needs */
    const char *path;       /* behind /v2/REPOSITORY/, with a query */
    const struct url *url;  /* in its place: where the registry said that an upload goes on; NULL */
    const char *accept;     /* NULL: none */
    const char *range;      /* of the bytes that are wanted; NULL: all */
    const char *content_range;
    const char *content_type;    /* of the body; NULL: none is sent */
    struct slice body;           /* with data NULL: none */
    const struct reader *source; /* a body that is read while it is sent; NULL: none */
    bool first_byte;             /* the first byte will do */
    bool stream;                 /* the body of a reply with status 200 or 206 is left to be read (struct http_reply) */
    bool writes;                 /* it needs the right to push */
    bool once;                   /* what fails or is put off is the caller's to try again */
    const char *mounts;          /* the repository that a blob is taken from; NULL: none */
    size_t body_limit;
};

/*
 * Sends a request: logs in where that is asked for, waits and retries where that helps. 0 with whatever the registry
 * answered in the end, -1 with an error where nothing was answered, or no token could be had. *anonymous tells whether
 * it was asked as a stranger.
 */
int registry_send(const struct registry_client *client, const struct registry_request *request, struct arena *arena,
                  struct http_reply *reply, bool *anonymous, struct error *error);

/* The error code of a reply (OCI distribution-spec, "Error codes"), and its message; NULL without. In `arena`. */
const char *registry_error_code(struct arena *arena, const struct http_reply *reply, const char **message);

/*
 * What a reply that is no success means for who asked: `error` with a reason, never that something is not there. Texts
 * of the registry are made short. Returns -1.
 */
int registry_refused(const struct registry_client *client, const struct http_reply *reply, bool anonymous,
                     struct arena *arena, struct error *error);

/* Whether a reply comes from a registry, as its headers or its error body show, or as an earlier one has shown. */
bool registry_is_shown(const struct registry_client *client, const struct http_reply *reply, struct arena *arena);

#endif
