#ifndef ECR_BASE_JSON_H
#define ECR_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

/*
 * JSON (RFC 8259) as a flat array of tokens that point into the text, which must outlive them. Strict: one value,
 * no trailing comma, no control character in a string. Bytes above 0x7f pass as they are.
 */
#define JSON_MAX_DEPTH  64      /* a manifest needs 6; the parser recurses */
#define JSON_MAX_TOKENS 1000000 /* 1,000 images of a listing with 100 tags each need about 150,000 */

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_token {
    uint32_t start; /* strings: behind the opening quote */
    uint32_t len;
    uint32_t next; /* index of the token behind this value and all that is in it */
    uint8_t type;
    bool escaped; /* a string with a backslash in it */
};

struct json {
    const char *text;
    struct json_token *tokens;
    uint32_t count;
};

/* One value of a document. A missing one (json_exists is false) may be passed to every function here. */
struct json_node {
    const struct json *doc;
    uint32_t index;
};

/* Returns 0, or -1 when the text is not JSON or passes a limit. The tokens live in `arena`. */
int json_parse(struct arena *arena, struct slice text, struct json *json);

struct json_node json_root(const struct json *json);
bool json_exists(struct json_node node);
bool json_is(struct json_node node, enum json_type type); /* false for a missing one */

/* The member of an object; missing when there is none, it is null, or `object` is no object. Of equal names the first. */
struct json_node json_get(struct json_node object, const char *name);

/* Iterates: `child = json_first(array)`, `child = json_next(parent, child)`; objects give key, value, key, value. */
struct json_node json_first(struct json_node parent);
struct json_node json_next(struct json_node parent, struct json_node child);

/* The text of a string with its escapes resolved, in `arena` if there were any; len 0 and data NULL if it is none. */
struct slice json_string(struct arena *arena, struct json_node node);

/* The same as a C string, or NULL if it is no string, or holds a NUL. */
char *json_cstr(struct arena *arena, struct json_node node);

bool json_equals(struct json_node node, const char *text);

/* Whether one of an array's elements is that text; how many it has. 0 and false for what is no array. */
bool json_has(struct json_node array, const char *text);
size_t json_count(struct json_node array);

/* A number without fraction or exponent; false otherwise. */
bool json_int64(struct json_node node, int64_t *value);

/* Any number, cut to whole seconds: AWS sends epoch seconds as 1.5E9 too. */
bool json_seconds(struct json_node node, int64_t *value);

/* The bytes of a value as they stand in the text, strings without their quotes. */
struct slice json_raw(struct json_node node);

#endif
