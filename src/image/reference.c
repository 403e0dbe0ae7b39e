#include "image/reference.h"

#include <string.h>

#include "image/digest.h"

#define DOCKER_HUB "docker.io"

/* Lower-case letters and digits, with '.', '_', '__' or dashes between them (OCI distribution-spec, <name>). */
static bool is_component(struct slice text)
{
    size_t i = 0;
    while (i < text.len) {
        size_t start = i;
        while (i < text.len && (ascii_is_lower(text.data[i]) || ascii_is_digit(text.data[i])))
            i++;
        if (i == start)
            return false;
        if (i == text.len)
            return true;
        if (text.data[i] == '-') {
            while (i < text.len && text.data[i] == '-')
                i++;
        } else if (text.data[i] == '_') {
            i += i + 1 < text.len && text.data[i + 1] == '_' ? 2 : 1;
        } else if (text.data[i] == '.') {
            i++;
        } else {
            return false;
        }
    }
    return false;
}

const char *reference_repository_fault(struct slice text)
{
    while (text.data)
        if (!is_component(slice_cut(&text, '/')))
            return "a repository has lower-case letters and digits, with '.', '_', '-' between them, in parts set "
                   "apart by '/'";
    return NULL;
}

static bool is_tag(struct slice tag)
{
    if (tag.len == 0 || tag.len > REFERENCE_TAG_MAX || tag.data[0] == '.' || tag.data[0] == '-')
        return false;
    for (size_t i = 0; i < tag.len; i++)
        if (!ascii_is_alnum(tag.data[i]) && !(tag.data[i] && strchr("_.-", tag.data[i])))
            return false;
    return true;
}

const char *reference_tag_fault(struct slice tag)
{
    return is_tag(tag) ? NULL
                       : "a tag has 1 to 128 letters, digits, '_', '.' and '-', and begins with none of the last two";
}

/* docker's rule: the first part is a host if it has a dot, a colon or an upper-case letter, or is "localhost". */
static bool looks_like_host(struct slice part)
{
    if (slice_find(part, '.') >= 0 || slice_find(part, ':') >= 0 || slice_is(part, "localhost"))
        return true;
    for (size_t i = 0; i < part.len; i++)
        if (part.data[i] >= 'A' && part.data[i] <= 'Z')
            return true;
    return false;
}

static bool is_host(struct slice host)
{
    if (slice_starts(host, "[")) {
        for (size_t i = 1; i + 1 < host.len; i++)
            if (!host.data[i] || !strchr("0123456789abcdefABCDEF:.", host.data[i]))
                return false;
        return host.len > 3 && host.data[host.len - 1] == ']';
    }
    while (host.data) {
        struct slice label = slice_cut(&host, '.');
        if (label.len == 0 || label.len > 63 || label.data[0] == '-' || label.data[label.len - 1] == '-')
            return false;
        for (size_t i = 0; i < label.len; i++)
            if (!ascii_is_alnum(label.data[i]) && label.data[i] != '-')
                return false;
    }
    return true;
}

static const char *parse_registry(struct arena *arena, struct slice text, struct reference *reference)
{
    struct slice host = text;
    ptrdiff_t colon = slice_rfind(text, ':');
    if (colon > slice_rfind(text, ']')) {
        uint64_t port;
        if (!slice_number(slice_from(text, (size_t)colon + 1), 65535, &port) || port == 0)
            return "the port behind the registry's host is a number from 1 to 65535";
        reference->port = (uint16_t)port;
        host = slice_head(text, (size_t)colon);
    }
    if (!is_host(host))
        return "the registry's host has letters, digits, '-' and '.'";
    reference->registry = arena_lower(arena, text);
    if (host.data[0] == '[')
        host = slice_head(slice_from(host, 1), host.len - 2);
    reference->host = arena_lower(arena, host);
    return NULL;
}

/* docker takes 64 hexadecimal digits for an image id, which no registry knows. */
static bool is_image_id(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_digit(text.data[i]) && !(text.data[i] >= 'a' && text.data[i] <= 'f'))
            return false;
    return text.len == 64;
}

static void use_docker_hub(struct reference *reference)
{
    reference->registry = DOCKER_HUB;
    reference->host = DOCKER_HUB;
}

static const char *parse_name(struct arena *arena, struct slice name, struct reference *reference)
{
    struct slice repository = name;
    struct slice first = slice_cut(&repository, '/');
    if (repository.data && looks_like_host(first)) {
        const char *fault = parse_registry(arena, first, reference);
        if (fault)
            return fault;
        if (strcmp(reference->registry, "index.docker.io") == 0)
            use_docker_hub(reference);
    } else {
        repository = name;
        use_docker_hub(reference);
    }
    const char *fault = reference_repository_fault(repository);
    if (fault)
        return fault;
    if (is_image_id(name))
        return "64 hexadecimal digits are an image's id, which only a daemon knows; name the repository";
    bool official = strcmp(reference->registry, DOCKER_HUB) == 0 && slice_find(repository, '/') < 0;
    reference->repository = arena_printf(arena, "%s%.*s", official ? "library/" : "", SLICE_ARGS(repository));
    if (strlen(reference->registry) + 1 + strlen(reference->repository) > REFERENCE_NAME_MAX)
        return "registry and repository together have at most 255 characters";
    return NULL;
}

static const char *parse_parts(struct arena *arena, struct slice text, struct reference *reference)
{
    ptrdiff_t at = slice_find(text, '@');
    struct slice name = at < 0 ? text : slice_head(text, (size_t)at);
    if (at >= 0) {
        struct slice digest = slice_from(text, (size_t)at + 1);
        const char *fault = digest_fault(digest);
        if (fault)
            return fault;
        reference->digest = arena_copy(arena, digest);
    }
    ptrdiff_t colon = slice_rfind(name, ':');
    if (colon > slice_rfind(name, '/')) {
        struct slice tag = slice_from(name, (size_t)colon + 1);
        const char *fault = reference_tag_fault(tag);
        if (fault)
            return fault;
        reference->tag = arena_copy(arena, tag);
        name = slice_head(name, (size_t)colon);
    } else if (!reference->digest) {
        reference->tag = "latest";
    }
    return name.len ? parse_name(arena, name, reference) : "it has no repository";
}

const char *reference_parse(struct arena *arena, const char *text, struct reference *reference)
{
    *reference = (struct reference){.text = arena_strdup(arena, text)};
    struct slice whole = slice_of(text);
    if (whole.len == 0)
        return "it is empty";
    if (slice_has(whole, "://"))
        return "a reference has no scheme: leave out what stands before ://";
    const char *fault = parse_parts(arena, whole, reference);
    if (fault)
        return fault;
    reference->normal = arena_printf(arena, "%s/%s%s%s%s%s", reference->registry, reference->repository,
                                     reference->tag ? ":" : "", reference->tag ? reference->tag : "",
                                     reference->digest ? "@" : "", reference->digest ? reference->digest : "");
    return NULL;
}

const char *reference_target(const struct reference *reference)
{
    return reference->digest ? reference->digest : reference->tag;
}
