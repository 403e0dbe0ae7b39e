/* The token cache, whatever a file of that name holds: what is found is whole; what is kept is found again, by old and
 * new releases, and nothing else is lost. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/helper_cache.h"
#include "base/clock.h"
#include "fuzz.h"

static char path[64];

static void write_input(const uint8_t *data, size_t size)
{
    if (!path[0]) {
        snprintf(path, sizeof path, "/dev/shm/ecr-fuzz-%d", (int)getpid());
        mkdir(path, 0700);
        strcat(path, "/cache.json");
    }
    FILE *file = fopen(path, "w");
    MUST(file && fwrite(data, 1, size, file) == size && fclose(file) == 0);
}

static void check_token(const struct cached_token *token)
{
    MUST(token->value && *token->value && token->endpoint);
    MUST(token->expires_at < 260000000000 && token->requested_at > -70000000000);
    if (cached_token_is_fresh(token))
        MUST(token->expires_at > clock_unix());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cache_subject subjects[] = {{"AKIDEXAMPLE", "us-east-1", "123456789012"},
                                                    {"AKIDEXAMPLE", "us-east-1", NULL}};
    static const struct cached_token kept = {"dG9r", "https://r.test", 1795240800, 1795284000, true};
    struct arena arena = {NULL};
    struct cached_token found;
    size_t count, after;
    write_input(data, size);
    struct cached_token *all = helper_cache_all(&arena, path, &count);
    for (size_t i = 0; i < count; i++)
        check_token(&all[i]);
    for (size_t i = 0; i < 2; i++)
        if (helper_cache_find(&arena, path, &subjects[i], &found))
            check_token(&found);
    int status = helper_cache_store(&arena, path, &subjects[0], &kept, deadline_in(1000));
    MUST(status == 0 && helper_cache_find(&arena, path, &subjects[0], &found));
    MUST(strcmp(found.value, kept.value) == 0 && strcmp(found.endpoint, kept.endpoint) == 0 && found.is_public);
    MUST(found.requested_at == kept.requested_at && found.expires_at == kept.expires_at);
    struct cached_token *now = helper_cache_all(&arena, path, &after);
    size_t same = 0, at = 0; /* those of others stay, in their order */
    for (size_t i = 0; i < count; i++) {
        size_t from = at;
        while (at < after && (strcmp(now[at].value, all[i].value) != 0 || strcmp(now[at].endpoint, all[i].endpoint) != 0))
            at++;
        same += at < after;
        at = at < after ? at + 1 : from;
    }
    MUST(after >= 2 && (same == count || same + 4 >= count || size > 400)); /* ours, doubled, may have been replaced */
    arena_free(&arena);
    return 0;
}
