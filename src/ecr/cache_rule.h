#ifndef ECR_ECR_CACHE_RULE_H
#define ECR_ECR_CACHE_RULE_H

#include <pthread.h>

#include "ecr/api.h"

/* A pull-through cache rule. */
struct ecr_cache_rule {
    const char *prefix;          /* "ROOT": every repository that no other rule covers */
    const char *upstream;        /* host of the upstream registry */
    const char *upstream_prefix; /* put before what follows `prefix`; NULL: nothing is */
};

/* The rules of one registry, or why they are not known. */
struct ecr_cache_rules {
    int status; /* 0, or -1 with `error` */
    struct error error;
    struct ecr_cache_rule *list;
    size_t count;
};

/* The rules of all registries that a run asks, shared by its threads: each registry's are read once. */
struct ecr_rule_books {
    pthread_mutex_t lock;
    struct ecr_rule_book *first;
};

void ecr_rule_books_init(struct ecr_rule_books *books);
void ecr_rule_books_free(struct ecr_rule_books *books);

/*
 * The rules of the registry, all pages. A failure is kept too, unless the time of the call was over. The answer lives in
 * `arena`, its list as long as `books`.
 */
const struct ecr_cache_rules *ecr_cache_rules(const struct ecr_api *api, struct ecr_rule_books *books,
                                              struct arena *arena);

/*
 * Has the service try a rule's upstream (ValidatePullThroughCacheRule). 0 with *fault NULL when it works, else what the
 * service says; -1 with an error when it could not be asked.
 */
int ecr_cache_rule_validate(const struct ecr_api *api, const char *prefix, struct arena *arena, const char **fault,
                            struct error *error);

/* The name under which the rule's upstream is known: "docker.io" for the host of Docker Hub's registry. */
const char *ecr_upstream_registry(const struct ecr_cache_rule *rule);

/* What a covered repository is called in the rule's upstream. In `arena`. */
const char *ecr_upstream_name(const struct ecr_cache_rule *rule, const char *repository, struct arena *arena);

/* The rule that covers a repository: the longest prefix of whole path parts, else ROOT's; NULL without one. */
const struct ecr_cache_rule *ecr_covering_rule(const struct ecr_cache_rule *rules, size_t count,
                                               const char *repository);

#endif
