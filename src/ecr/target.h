#ifndef ECR_ECR_TARGET_H
#define ECR_ECR_TARGET_H

#include "base/error.h"
#include "ecr/host.h"

/* What a command that manages a registry is about. */
enum target_kind {
    TARGET_REGISTRY,   /* "[HOST]": the registry */
    TARGET_PREFIX,     /* "[HOST/][PREFIX]": a part of its repositories */
    TARGET_REPOSITORY, /* "[HOST/]NAME" */
    TARGET_IMAGE       /* "[HOST/]NAME:TAG", "[HOST/]NAME@DIGEST" or both */
};

struct ecr_target {
    const char *text;       /* as it was typed */
    bool is_public;         /* it is in ECR Public */
    bool has_host;          /* else the caller's own registry, in its region, is meant */
    struct ecr_host host;   /* with `has_host` */
    const char *alias;      /* of a public registry, that the host was followed by; NULL without one */
    const char *repository; /* without host and alias; or the prefix, which may be "" */
    const char *tag;        /* NULL: not given */
    const char *digest;     /* NULL: not given */
};

/*
 * Takes a target apart, in `arena`. What looks like a name of ECR's registries is a host; all else is a name. -1 with an
 * error of reason usage that says which rule is broken.
 */
int ecr_target_parse(struct arena *arena, const char *text, enum target_kind kind, bool is_public,
                     struct ecr_target *target, struct error *error);

/* Whether two targets name the same registry in the same way. */
bool ecr_same_registry(const struct ecr_target *a, const struct ecr_target *b);

#endif
