#include "ecr/cache_rule.h"

#include <stdlib.h>
#include <string.h>

#include "ecr/call.h"

#define OPERATION "DescribePullThroughCacheRules"

static size_t array_length(struct json_node array)
{
    size_t length = 0;
    for (struct json_node node = json_first(array); json_exists(node); node = json_next(array, node))
        length++;
    return length;
}

/* Adds the rules of a page. -1 for a row without a prefix: what it covers is not known. */
static int append(struct json_node rows, struct arena *arena, struct ecr_cache_rules *rules)
{
    struct ecr_cache_rule *all = arena_array(arena, rules->count + array_length(rows), sizeof *all);
    if (rules->count)
        memcpy(all, rules->list, rules->count * sizeof *all);
    rules->list = all;
    for (struct json_node node = json_first(rows); json_exists(node); node = json_next(rows, node)) {
        const char *prefix = json_cstr(arena, json_get(node, "ecrRepositoryPrefix"));
        const char *upstream = json_cstr(arena, json_get(node, "upstreamRegistryUrl"));
        if (!prefix)
            return -1;
        const char *root = json_cstr(arena, json_get(node, "upstreamRepositoryPrefix"));
        bool whole = !root || strcmp(root, "ROOT") == 0;
        all[rules->count++] =
            (struct ecr_cache_rule){prefix, upstream ? upstream : "its upstream", whole ? NULL : root};
    }
    return 0;
}

static int read_page(const struct ecr_api *api, struct buf *token, struct arena *page, struct arena *arena,
                     struct ecr_cache_rules *rules)
{
    struct buf body;
    struct json reply;
    struct json_node rows;
    ecr_request_open(api, &body);
    if (ecr_call_page(api, OPERATION, &body, token, "pullThroughCacheRules", page, &reply, &rows, &rules->error) < 0)
        return -1;
    return append(rows, arena, rules) < 0 ? ecr_not_what_was_asked(api, OPERATION, &rules->error) : 0;
}

static int read_pages(const struct ecr_api *api, struct arena *arena, struct ecr_cache_rules *rules)
{
    struct arena page = {0};
    struct buf token = BUF_INIT;
    int status = 0, pages = 0;
    do {
        status = pages++ < ECR_PAGES_MAX ? read_page(api, &token, &page, arena, rules)
                                         : ecr_too_many_pages(api, OPERATION, &rules->error);
        arena_reset(&page);
    } while (status == 0 && token.len);
    buf_free(&token);
    arena_free(&page);
    return status;
}

/* The rules of a registry under what they are found by. */
struct ecr_rule_book {
    char *account;
    char *region;
    struct ecr_rule_book *next;
    pthread_mutex_t lock; /* of what follows */
    struct arena arena;
    bool known;
    struct ecr_cache_rules rules;
};

void ecr_rule_books_init(struct ecr_rule_books *books)
{
    books->first = NULL;
    pthread_mutex_init(&books->lock, NULL);
}

void ecr_rule_books_free(struct ecr_rule_books *books)
{
    for (struct ecr_rule_book *book = books->first, *next; book; book = next) {
        next = book->next;
        arena_free(&book->arena);
        free(book);
    }
    books->first = NULL;
}

static struct ecr_rule_book *find_book(const struct ecr_api *api, struct ecr_rule_books *books)
{
    pthread_mutex_lock(&books->lock);
    struct ecr_rule_book *book = books->first;
    while (book && (strcmp(book->account, api->account) != 0 || strcmp(book->region, api->client.region) != 0))
        book = book->next;
    if (!book) {
        book = must_alloc(sizeof *book);
        *book = (struct ecr_rule_book){.next = books->first};
        book->account = arena_strdup(&book->arena, api->account);
        book->region = arena_strdup(&book->arena, api->client.region);
        pthread_mutex_init(&book->lock, NULL);
        books->first = book;
    }
    pthread_mutex_unlock(&books->lock);
    return book;
}

const struct ecr_cache_rules *ecr_cache_rules(const struct ecr_api *api, struct ecr_rule_books *books,
                                              struct arena *arena)
{
    struct ecr_rule_book *book = find_book(api, books);
    struct ecr_cache_rules *answer = arena_alloc(arena, sizeof *answer);
    pthread_mutex_lock(&book->lock);
    if (!book->known) {
        book->rules = (struct ecr_cache_rules){.status = 0};
        error_init(&book->rules.error, &book->arena);
        book->rules.status = read_pages(api, &book->arena, &book->rules);
        book->known = book->rules.status == 0 || !ecr_out_of_time(api, &book->rules.error);
    }
    *answer = book->rules;
    error_init(&answer->error, arena);
    if (answer->status < 0)
        error_copy(&answer->error, &book->rules.error);
    pthread_mutex_unlock(&book->lock);
    return answer;
}

static bool covers(const char *prefix, const char *repository)
{
    size_t len = strlen(prefix);
    return len > 0 && strncmp(prefix, repository, len) == 0 && (repository[len] == '/' || prefix[len - 1] == '/');
}

const struct ecr_cache_rule *ecr_covering_rule(const struct ecr_cache_rule *rules, size_t count, const char *repository)
{
    const struct ecr_cache_rule *best = NULL, *root = NULL;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rules[i].prefix, "ROOT") == 0)
            root = &rules[i];
        else if (covers(rules[i].prefix, repository) && (!best || strlen(rules[i].prefix) > strlen(best->prefix)))
            best = &rules[i];
    }
    return best ? best : root;
}

int ecr_cache_rule_validate(const struct ecr_api *api, const char *prefix, struct arena *arena, const char **fault,
                            struct error *error)
{
    struct buf body;
    struct json reply;
    ecr_request_open(api, &body);
    json_member_str(&body, "ecrRepositoryPrefix", prefix);
    if (ecr_call(api, "ValidatePullThroughCacheRule", &body, ECR_REPLY_MAX, arena, &reply, error) < 0)
        return -1;
    struct json_node valid = json_get(json_root(&reply), "isValid");
    struct json_node about = json_get(json_root(&reply), "ecrRepositoryPrefix");
    struct json_node account = json_get(json_root(&reply), "registryId");
    bool other = (json_exists(about) && !json_equals(about, prefix)) ||
                 (json_exists(account) && api->account && !json_equals(account, api->account));
    if (other || (!json_is(valid, JSON_TRUE) && !json_is(valid, JSON_FALSE)))
        return ecr_not_what_was_asked(api, "ValidatePullThroughCacheRule", error);
    const char *said = json_cstr(arena, json_get(json_root(&reply), "failure"));
    *fault = json_is(valid, JSON_TRUE) ? NULL : said ? said : "the service does not say why";
    return 0;
}

const char *ecr_upstream_name(const struct ecr_cache_rule *rule, const char *repository, struct arena *arena)
{
    struct slice rest = slice_of(repository);
    if (strcmp(rule->prefix, "ROOT") != 0)
        rest = slice_from(rest, strlen(rule->prefix));
    while (rest.len && rest.data[0] == '/')
        rest = slice_from(rest, 1);
    return rule->upstream_prefix ? arena_printf(arena, "%s/%.*s", rule->upstream_prefix, SLICE_ARGS(rest))
                                 : arena_copy(arena, rest);
}

const char *ecr_upstream_registry(const struct ecr_cache_rule *rule)
{
    return strcmp(rule->upstream, "registry-1.docker.io") == 0 ? "docker.io" : rule->upstream;
}
