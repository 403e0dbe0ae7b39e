/* WWW-Authenticate: what is read can be written and read again; other schemes before and behind change nothing. */
#include "fuzz.h"
#include "registry/challenge.h"

static void same(const char *a, const char *b)
{
    MUST(!a == !b && (!a || strcmp(a, b) == 0));
}

static void check(const struct challenge *challenge, size_t size)
{
    const char *texts[] = {challenge->realm, challenge->service, challenge->scope};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        MUST(!texts[i] || (challenge->bearer && strlen(texts[i]) <= size));
}

static void same_bearer(const struct challenge *a, const struct challenge *b)
{
    MUST(a->bearer == b->bearer);
    same(a->realm, b->realm);
    same(a->service, b->service);
    same(a->scope, b->scope);
}

static struct slice join(struct arena *arena, const char *before, struct slice text, const char *behind)
{
    struct buf all = BUF_INIT;
    buf_str(&all, before);
    buf_slice(&all, text);
    buf_str(&all, behind);
    struct slice joined = arena_slice(arena, buf_view(&all));
    buf_free(&all);
    return joined;
}

static void write_parameter(struct buf *out, const char *name, const char *value, bool *first)
{
    if (!value)
        return;
    buf_printf(out, "%s%s=\"", *first ? " " : ",", name);
    *first = false;
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            buf_char(out, '\\');
        buf_char(out, *value);
    }
    buf_char(out, '"');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct slice header = input(data, size);
    struct challenge first, second;
    challenge_parse(&arena, header, &first);
    check(&first, size);
    /* Somebody else's challenge in front, and a further one behind. */
    challenge_parse(&arena, join(&arena, "Negotiate a/b+c==, X y=\"z, Bearer \\\"\", ", header, ""), &second);
    same_bearer(&first, &second);
    MUST(first.basic == second.basic);
    challenge_parse(&arena, join(&arena, "", header, ", Basic"), &second);
    same_bearer(&first, &second);
    MUST(second.basic || !first.basic);
    /* Whoever comes first among those of one kind counts. */
    challenge_parse(&arena, join(&arena, "Bearer realm=\"mine\",service=\"s\", Basic, ", header, ""), &second);
    MUST(second.bearer && second.basic);
    same(second.realm, "mine");
    same(second.service, "s");
    MUST(!second.scope);
    /* Written anew. */
    struct buf again = BUF_INIT;
    bool none = true;
    buf_str(&again, first.basic ? "Basic realm=\"x\", " : "");
    buf_str(&again, first.bearer ? "Bearer" : "");
    write_parameter(&again, "realm", first.realm, &none);
    write_parameter(&again, "service", first.service, &none);
    write_parameter(&again, "scope", first.scope, &none);
    challenge_parse(&arena, buf_view(&again), &second);
    same_bearer(&first, &second);
    MUST(first.basic == second.basic);
    buf_free(&again);
    arena_free(&arena);
    return 0;
}
