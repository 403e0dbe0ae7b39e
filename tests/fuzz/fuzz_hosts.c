/* Hosts files and resolv.conf: never more addresses than room, and a name that is not in the text has none. */
#include "fuzz.h"
#include "net/hosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"localhost", "a.test", "b"};
    struct slice text = input(data, size);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct addr found[3], first;
        char shown[ADDR_TEXT];
        size_t count = hosts_find(text, names[i], found, 3);
        MUST(count <= 3 && (count == 0 || slice_has_nocase(text, names[i])));
        MUST(hosts_find(text, names[i], &first, 1) == (count > 0));
        for (size_t k = 0; k < count; k++) {
            addr_text(&found[k], shown);
            MUST(slice_ends(slice_of(shown), ":0"));
        }
        MUST(count == 0 || addr_equal(&first, &found[0]));
    }
    struct slice whole = text;
    for (struct slice server; (server = resolv_conf_server(&text)).len;) {
        MUST(within(server, whole) && slice_has(whole, "nameserver"));
        MUST(!memchr(server.data, ' ', server.len) && !memchr(server.data, '\n', server.len));
    }
    MUST(!text.data); /* it ends with the text */
    return 0;
}
