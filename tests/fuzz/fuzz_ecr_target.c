/* Targets of commands that manage: what passes keeps ECR's grammar, and its parts make the same target again. */
#include "ecr/name.h"
#include "ecr/target.h"
#include "fuzz.h"
#include "image/digest.h"
#include "image/reference.h"

static void same(const char *a, const char *b)
{
    MUST(!a == !b && (!a || strcmp(a, b) == 0));
}

static void check_parts(const struct ecr_target *target, enum target_kind kind, bool is_public)
{
    is_public = is_public || (target->has_host && target->host.is_public);
    MUST(!target->tag || reference_tag_fault(slice_of(target->tag)) == NULL);
    MUST(!target->digest || digest_fault(slice_of(target->digest)) == NULL);
    MUST(!target->alias || (target->has_host && target->host.is_public && *target->alias && !strpbrk(target->alias, ":@/")));
    MUST((target->tag || target->digest) == (kind == TARGET_IMAGE));
    if (kind == TARGET_REGISTRY)
        MUST(target->has_host && !*target->repository);
    else if (kind == TARGET_PREFIX)
        MUST(!strpbrk(target->repository, ":@"));
    else
        MUST(ecr_repository_fault(slice_of(target->repository), is_public) == NULL);
}

/* The parts behind the host and the alias. */
static const char *name_of(struct arena *arena, const struct ecr_target *target)
{
    return arena_printf(arena, "%s%s%s%s%s", target->repository, target->tag ? ":" : "", target->tag ? target->tag : "",
                        target->digest ? "@" : "", target->digest ? target->digest : "");
}

static void parse(struct arena *arena, const char *text, enum target_kind kind, bool is_public)
{
    struct error error;
    struct ecr_target first, second;
    error_init(&error, arena);
    if (ecr_target_parse(arena, text, kind, is_public, &first, &error) < 0) {
        MUST(error.reason == REASON_USAGE && *error.cause && strcmp(error.subject, *text ? text : "''") == 0);
        return;
    }
    check_parts(&first, kind, is_public);
    const char *name = name_of(arena, &first);
    const char *again = first.alias      ? arena_printf(arena, "%s/%s/%s", first.host.name, first.alias, name)
                        : first.has_host ? arena_printf(arena, "%s/%s", first.host.name, name)
                                         : name;
    MUST(ecr_target_parse(arena, again, kind, is_public, &second, &error) == 0);
    MUST(first.has_host == second.has_host);
    same(first.alias, second.alias);
    same(first.repository, second.repository);
    same(first.tag, second.tag);
    same(first.digest, second.digest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    const char *text = arena_copy(&arena, input(data, size));
    for (enum target_kind kind = TARGET_REGISTRY; kind <= TARGET_IMAGE; kind++) {
        parse(&arena, text, kind, false);
        parse(&arena, text, kind, true);
    }
    arena_free(&arena);
    return 0;
}
