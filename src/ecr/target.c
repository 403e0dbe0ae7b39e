#include "ecr/target.h"

#include <string.h>

#include "ecr/name.h"
#include "image/digest.h"
#include "image/reference.h"

/* A host that would be one of ECR's but for a slip: it must not pass for a repository of this name. */
static bool looks_like_host(struct slice part, bool before_slash)
{
    return slice_has_nocase(part, ".dkr.ecr") || slice_has_nocase(part, ".dkr-ecr") ||
           slice_starts_nocase(part, "public.ecr.") || (before_slash && slice_find(part, ':') >= 0);
}

static int bad(const struct ecr_target *target, const char *rule, struct error *error)
{
    return error_set(error, REASON_USAGE, *target->text ? target->text : "''", "%s", rule);
}

/* Takes the host off the front, if there is one. */
static int cut_host(struct arena *arena, struct slice *name, struct ecr_target *target, struct error *error)
{
    struct slice rest = *name;
    struct slice first = slice_cut(&rest, '/');
    if (slice_has(*name, "://"))
        return bad(target, "a name of ECR has no scheme: leave out what stands before ://", error);
    target->has_host = ecr_host_parse(arena, arena_lower(arena, first), &target->host);
    if (target->has_host)
        *name = rest;
    else if (looks_like_host(first, rest.data != NULL))
        return bad(target, "the host in it is no registry of Amazon ECR", error);
    return 0;
}

static int cut_alias(struct arena *arena, struct slice *name, struct ecr_target *target, struct error *error)
{
    struct slice rest = *name;
    struct slice first = slice_cut(&rest, '/');
    if (!target->has_host || !target->host.is_public || !name->len)
        return 0;
    const char *fault = ecr_alias_fault(first);
    target->alias = arena_copy(arena, first);
    *name = rest;
    return fault ? bad(target, fault, error) : 0;
}

static int cut_digest(struct arena *arena, struct slice *name, struct ecr_target *target, struct error *error)
{
    ptrdiff_t at = slice_find(*name, '@');
    if (at < 0)
        return 0;
    struct slice digest = slice_from(*name, (size_t)at + 1);
    const char *fault = digest_fault(digest);
    if (!fault && !slice_starts(digest, "sha256:"))
        fault = "ECR's digests are those of sha256";
    *name = slice_head(*name, (size_t)at);
    target->digest = arena_copy(arena, digest);
    return fault ? bad(target, fault, error) : 0;
}

static int cut_tag(struct arena *arena, struct slice *name, struct ecr_target *target, struct error *error)
{
    ptrdiff_t colon = slice_rfind(*name, ':');
    if (colon < 0)
        return 0;
    struct slice tag = slice_from(*name, (size_t)colon + 1);
    const char *fault = reference_tag_fault(tag);
    *name = slice_head(*name, (size_t)colon);
    target->tag = arena_copy(arena, tag);
    return fault ? bad(target, fault, error) : 0;
}

static int take_name(struct arena *arena, struct slice name, enum target_kind kind, struct ecr_target *target,
                     struct error *error)
{
    target->repository = arena_copy(arena, name);
    if (kind == TARGET_PREFIX)
        return slice_find(name, ':') < 0 && slice_find(name, '@') < 0
                   ? 0
                   : bad(target, "here names of repositories are meant, without tag and digest", error);
    if (kind == TARGET_REPOSITORY && (slice_find(name, ':') >= 0 || slice_find(name, '@') >= 0))
        return bad(target, "here a repository is meant, without tag and digest", error);
    const char *fault = ecr_repository_fault(name, target->is_public);
    return fault ? bad(target, fault, error) : 0;
}

int ecr_target_parse(struct arena *arena, const char *text, enum target_kind kind, bool is_public,
                     struct ecr_target *target, struct error *error)
{
    *target = (struct ecr_target){.text = arena_strdup(arena, text), .is_public = is_public, .repository = ""};
    struct slice name = slice_of(target->text);
    if (!name.len)
        return bad(target, "it is empty", error);
    if (cut_host(arena, &name, target, error) < 0)
        return -1;
    if (is_public && target->has_host && !target->host.is_public)
        return bad(target, "that is no registry of ECR Public", error);
    if (kind == TARGET_REGISTRY)
        return target->has_host && !name.len ? 0 : bad(target, "here a registry is meant", error);
    if (cut_alias(arena, &name, target, error) < 0)
        return -1;
    target->is_public = is_public || (target->has_host && target->host.is_public);
    if (kind != TARGET_IMAGE)
        return take_name(arena, name, kind, target, error);
    if (cut_digest(arena, &name, target, error) < 0 || cut_tag(arena, &name, target, error) < 0 ||
        take_name(arena, name, kind, target, error) < 0)
        return -1;
    return target->tag || target->digest
               ? 0
               : bad(target, "an image is meant, which has a tag or a digest: NAME:TAG or NAME@DIGEST", error);
}

bool ecr_same_registry(const struct ecr_target *a, const struct ecr_target *b)
{
    if (a->is_public != b->is_public || a->has_host != b->has_host || !a->alias != !b->alias)
        return false;
    return (!a->has_host || strcmp(a->host.name, b->host.name) == 0) && (!a->alias || strcmp(a->alias, b->alias) == 0);
}
