#include "base/json.h"

#include <string.h>

#define MISSING UINT32_MAX

struct parser {
    const char *text;
    uint32_t len;
    uint32_t at;
    uint32_t count;
    struct json_token *tokens; /* NULL while tokens are only counted */
};

static int parse_value(struct parser *p, int depth);

static bool more(const struct parser *p)
{
    return p->at < p->len;
}

static void skip_space(struct parser *p)
{
    while (more(p) && strchr(" \t\r\n", p->text[p->at]) && p->text[p->at])
        p->at++;
}

static bool eat(struct parser *p, char c)
{
    if (!more(p) || p->text[p->at] != c)
        return false;
    p->at++;
    return true;
}

/* Takes a token number; the token itself is filled when the second pass runs. */
static uint32_t open_token(struct parser *p, enum json_type type, uint32_t start)
{
    if (p->tokens)
        p->tokens[p->count] = (struct json_token){.start = start, .type = (uint8_t)type};
    return p->count++;
}

static int close_token(struct parser *p, uint32_t token, uint32_t end)
{
    if (p->tokens) {
        p->tokens[token].len = end - p->tokens[token].start;
        p->tokens[token].next = p->count;
    }
    return p->count <= JSON_MAX_TOKENS ? 0 : -1;
}

static int hex_digit(char c)
{
    if (ascii_is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool eat_escape(struct parser *p)
{
    if (!more(p))
        return false;
    char c = p->text[p->at++];
    if (c != 'u')
        return c && strchr("\"\\/bfnrt", c);
    for (int i = 0; i < 4; i++)
        if (!more(p) || hex_digit(p->text[p->at++]) < 0)
            return false;
    return true;
}

static int parse_string(struct parser *p)
{
    uint32_t token = open_token(p, JSON_STRING, ++p->at);
    while (more(p)) {
        char c = p->text[p->at++];
        if (c == '"')
            return close_token(p, token, p->at - 1);
        if ((unsigned char)c < 0x20)
            return -1;
        if (c == '\\') {
            if (p->tokens)
                p->tokens[token].escaped = true;
            if (!eat_escape(p))
                return -1;
        }
    }
    return -1;
}

static bool eat_digits(struct parser *p)
{
    uint32_t start = p->at;
    while (more(p) && ascii_is_digit(p->text[p->at]))
        p->at++;
    return p->at > start;
}

static int parse_number(struct parser *p)
{
    uint32_t start = p->at;
    uint32_t token = open_token(p, JSON_NUMBER, start);
    eat(p, '-');
    if (!eat(p, '0') && !eat_digits(p))
        return -1;
    if (eat(p, '.') && !eat_digits(p))
        return -1;
    if (eat(p, 'e') || eat(p, 'E')) {
        if (!eat(p, '+'))
            eat(p, '-');
        if (!eat_digits(p))
            return -1;
    }
    return close_token(p, token, p->at);
}

static int parse_word(struct parser *p, const char *word, enum json_type type)
{
    size_t len = strlen(word);
    uint32_t token = open_token(p, type, p->at);
    if (p->len - p->at < len || memcmp(p->text + p->at, word, len) != 0)
        return -1;
    p->at += (uint32_t)len;
    return close_token(p, token, p->at);
}

static int parse_member(struct parser *p, int depth)
{
    skip_space(p);
    if (!more(p) || p->text[p->at] != '"' || parse_string(p) < 0)
        return -1;
    skip_space(p);
    return eat(p, ':') ? parse_value(p, depth) : -1;
}

static int parse_container(struct parser *p, enum json_type type, char close, int depth)
{
    uint32_t token = open_token(p, type, p->at++);
    skip_space(p);
    if (eat(p, close))
        return close_token(p, token, p->at);
    do {
        if ((type == JSON_OBJECT ? parse_member(p, depth) : parse_value(p, depth)) < 0)
            return -1;
        skip_space(p);
    } while (eat(p, ','));
    return eat(p, close) ? close_token(p, token, p->at) : -1;
}

static int parse_value(struct parser *p, int depth)
{
    skip_space(p);
    if (!more(p) || depth >= JSON_MAX_DEPTH)
        return -1;
    switch (p->text[p->at]) {
    case '{':
        return parse_container(p, JSON_OBJECT, '}', depth + 1);
    case '[':
        return parse_container(p, JSON_ARRAY, ']', depth + 1);
    case '"':
        return parse_string(p);
    case 't':
        return parse_word(p, "true", JSON_TRUE);
    case 'f':
        return parse_word(p, "false", JSON_FALSE);
    case 'n':
        return parse_word(p, "null", JSON_NULL);
    default:
        return parse_number(p);
    }
}

static int parse_document(struct parser *p)
{
    if (parse_value(p, 0) < 0)
        return -1;
    skip_space(p);
    return more(p) ? -1 : 0;
}

int json_parse(struct arena *arena, struct slice text, struct json *json)
{
    struct parser counting = {.text = text.data, .len = (uint32_t)text.len};
    if (text.len >= UINT32_MAX || parse_document(&counting) < 0)
        return -1;
    struct parser filling = {.text = text.data, .len = (uint32_t)text.len};
    filling.tokens = arena_array(arena, counting.count, sizeof *filling.tokens);
    if (parse_document(&filling) < 0)
        return -1;
    *json = (struct json){text.data, filling.tokens, filling.count};
    return 0;
}

static const struct json_token *token_of(struct json_node node)
{
    return node.doc && node.index < node.doc->count ? &node.doc->tokens[node.index] : NULL;
}

static struct json_node missing(struct json_node node)
{
    return (struct json_node){node.doc, MISSING};
}

struct json_node json_root(const struct json *json)
{
    return (struct json_node){json, 0};
}

bool json_exists(struct json_node node)
{
    return token_of(node) != NULL;
}

bool json_is(struct json_node node, enum json_type type)
{
    const struct json_token *token = token_of(node);
    return token && token->type == type;
}

struct json_node json_first(struct json_node parent)
{
    const struct json_token *token = token_of(parent);
    if (!token || (token->type != JSON_ARRAY && token->type != JSON_OBJECT) || token->next == parent.index + 1)
        return missing(parent);
    return (struct json_node){parent.doc, parent.index + 1};
}

struct json_node json_next(struct json_node parent, struct json_node child)
{
    const struct json_token *outer = token_of(parent), *inner = token_of(child);
    if (!outer || !inner || inner->next >= outer->next)
        return missing(parent);
    return (struct json_node){parent.doc, inner->next};
}

struct json_node json_get(struct json_node object, const char *name)
{
    if (!json_is(object, JSON_OBJECT))
        return missing(object);
    for (struct json_node key = json_first(object); json_exists(key);) {
        struct json_node value = json_next(object, key);
        if (json_equals(key, name))
            return json_is(value, JSON_NULL) ? missing(object) : value;
        key = json_next(object, value);
    }
    return missing(object);
}

struct slice json_raw(struct json_node node)
{
    const struct json_token *token = token_of(node);
    if (!token)
        return (struct slice){NULL, 0};
    return (struct slice){node.doc->text + token->start, token->len};
}

static uint32_t read_hex4(const char *text)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value = value * 16 + (uint32_t)hex_digit(text[i]);
    return value;
}

static size_t put_utf8(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* Reads the \uXXXX at `*at` (behind the backslash), with its second half if it is a surrogate pair. */
static uint32_t read_unicode(struct slice raw, size_t *at)
{
    uint32_t code = read_hex4(raw.data + *at + 1);
    *at += 5;
    if (code < 0xd800 || code > 0xdfff)
        return code;
    if (code < 0xdc00 && raw.len - *at >= 6 && raw.data[*at] == '\\' && raw.data[*at + 1] == 'u') {
        uint32_t low = read_hex4(raw.data + *at + 2);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *at += 6;
            return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    return 0xfffd; /* half a pair */
}

/* Decodes the character at `*at` of a string that was parsed; returns how many bytes it made. */
static size_t decode_char(struct slice raw, size_t *at, char out[4])
{
    char c = raw.data[(*at)++];
    if (c != '\\') {
        out[0] = c;
        return 1;
    }
    c = raw.data[*at];
    if (c == 'u')
        return put_utf8(read_unicode(raw, at), out);
    (*at)++;
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    out[0] = to[strchr(from, c) - from];
    return 1;
}

struct slice json_string(struct arena *arena, struct json_node node)
{
    const struct json_token *token = token_of(node);
    if (!token || token->type != JSON_STRING)
        return (struct slice){NULL, 0};
    struct slice raw = json_raw(node);
    if (!token->escaped)
        return raw;
    char *text = arena_alloc(arena, raw.len + 1); /* an escape is never shorter than what it stands for */
    size_t len = 0;
    for (size_t at = 0; at < raw.len;)
        len += decode_char(raw, &at, text + len);
    return (struct slice){text, len};
}

char *json_cstr(struct arena *arena, struct json_node node)
{
    struct slice text = json_string(arena, node);
    if (!text.data || slice_find(text, 0) >= 0)
        return NULL;
    return arena_copy(arena, text);
}

bool json_has(struct json_node array, const char *text)
{
    for (struct json_node e = json_first(array); json_is(array, JSON_ARRAY) && json_exists(e); e = json_next(array, e))
        if (json_equals(e, text))
            return true;
    return false;
}

size_t json_count(struct json_node array)
{
    size_t count = 0;
    for (struct json_node e = json_first(array); json_is(array, JSON_ARRAY) && json_exists(e); e = json_next(array, e))
        count++;
    return count;
}

bool json_equals(struct json_node node, const char *text)
{
    if (!json_is(node, JSON_STRING))
        return false;
    struct slice raw = json_raw(node);
    size_t done = 0, len = strlen(text);
    for (size_t at = 0; at < raw.len;) {
        char decoded[4];
        size_t made = decode_char(raw, &at, decoded);
        if (len - done < made || memcmp(text + done, decoded, made) != 0)
            return false;
        done += made;
    }
    return done == len;
}
