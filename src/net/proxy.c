#include "net/proxy.h"

#include <string.h>

#include "base/encode.h"
#include "base/file.h"
#include "net/addr.h"

static const char *either(const char *upper, const char *lower)
{
    const char *value = env_get(upper);
    return value ? value : env_get(lower);
}

void proxy_from_environment(struct proxy_settings *settings)
{
    settings->https = either("HTTPS_PROXY", "https_proxy");
    settings->http = either("HTTP_PROXY", "http_proxy");
    settings->except = either("NO_PROXY", "no_proxy");
}

static bool never_proxied(const struct url *target)
{
    struct addr addr;
    if (addr_parse(slice_of(target->host), 0, &addr))
        return addr_is_internal(&addr);
    return strcmp(target->host, "localhost") == 0 || slice_ends(slice_of(target->host), ".localhost");
}

/* Cuts ":port" off an entry; a bare IPv6 address keeps its colons. False when the port is another one. */
static bool entry_port_fits(struct slice *entry, uint16_t port)
{
    ptrdiff_t colon = slice_rfind(*entry, ':');
    uint64_t wanted;
    if (colon < 0 || (slice_find(*entry, ':') != colon && entry->data[0] != '['))
        return true;
    if (!slice_number(slice_from(*entry, (size_t)colon + 1), 65535, &wanted))
        return true;
    *entry = slice_head(*entry, (size_t)colon);
    return wanted == port;
}

/* "a.test" and ".a.test" are the domain and all below it, "*.a.test" only what is below. */
static bool domain_fits(struct slice entry, const char *host)
{
    bool below_only = slice_starts(entry, "*.");
    if (below_only)
        entry = slice_from(entry, 1);
    while (entry.len && entry.data[0] == '.')
        entry = slice_from(entry, 1);
    struct slice name = slice_of(host);
    if (entry.len == 0 || name.len < entry.len)
        return false;
    size_t front = name.len - entry.len;
    if (!slice_is_nocase(entry, host + front))
        return false;
    return front == 0 ? !below_only : host[front - 1] == '.';
}

static bool entry_fits(struct slice entry, const struct url *target)
{
    struct addr addr;
    if (slice_is(entry, "*"))
        return true;
    if (!entry_port_fits(&entry, target->port))
        return false;
    if (entry.len > 2 && entry.data[0] == '[' && entry.data[entry.len - 1] == ']')
        entry = slice_head(slice_from(entry, 1), entry.len - 2);
    if (target->ip && addr_parse(slice_of(target->host), 0, &addr))
        return addr_in_network(&addr, entry);
    return domain_fits(entry, target->host);
}

bool proxy_exempt(struct slice list, const struct url *target)
{
    while (list.data) {
        struct slice words = slice_cut(&list, ',');
        while (words.data) {
            struct slice entry = slice_trim(slice_cut(&words, ' '));
            if (entry.len && entry_fits(entry, target))
                return true;
        }
    }
    return false;
}

int proxy_for(const struct proxy_settings *settings, struct arena *arena, const struct url *target, struct url *proxy,
              struct error *error)
{
    const char *value = target->https ? settings->https : settings->http;
    const char *name = target->https ? "HTTPS_PROXY" : "HTTP_PROXY";
    if (!value || never_proxied(target) || (settings->except && proxy_exempt(slice_of(settings->except), target)))
        return 0;
    const char *text = strstr(value, "://") ? value : arena_printf(arena, "http://%s", value);
    if (!slice_starts_nocase(slice_of(text), "http://"))
        return error_set(error, REASON_UNSUPPORTED, name, "the proxy must be named by an http:// URL");
    const char *fault = url_parse(arena, slice_of(text), proxy);
    if (!fault)
        return 1;
    error_set(error, REASON_UNREACHABLE, name, "is not the URL of a proxy: %s", fault);
    error->final = true;
    return -1;
}

char *proxy_authorization(struct arena *arena, const struct url *proxy)
{
    if (!proxy->userinfo)
        return NULL;
    struct buf user = BUF_INIT, text = BUF_INIT;
    if (decode_percent(&user, slice_of(proxy->userinfo)) < 0) {
        buf_clear(&user);
        buf_str(&user, proxy->userinfo);
    }
    if (slice_find(buf_view(&user), ':') < 0)
        buf_char(&user, ':');
    buf_str(&text, "Basic ");
    encode_base64(&text, buf_view(&user), false);
    buf_free(&user);
    return buf_detach(&text, arena);
}
