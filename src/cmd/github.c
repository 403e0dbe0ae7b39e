#include "cmd/github.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "check/check.h"

bool github_is_here(void)
{
    const char *value = env_get("GITHUB_ACTIONS");
    return value && strcmp(value, "true") == 0;
}

/* Percent signs and line ends have a meaning in commands, in their properties colons and commas as well. */
static void write_escaped(struct buf *out, const char *text, bool property)
{
    struct buf safe = BUF_INIT;
    term_safe(&safe, text);
    for (size_t i = 0; i < safe.len; i++) {
        char c = safe.data[i];
        if (c == '%')
            buf_str(out, "%25");
        else if (property && (c == ':' || c == ','))
            buf_str(out, c == ':' ? "%3A" : "%2C");
        else
            buf_char(out, c);
    }
    buf_free(&safe);
}

static void say(struct buf *line)
{
    buf_char(line, '\n');
    (void)!write(2, line->data, line->len); /* a log that cannot be written has no reader */
    buf_free(line);
}

void github_annotate(const struct item *item)
{
    struct buf line = BUF_INIT;
    const struct outcome *outcome = &item->outcome;
    enum state state = reason_state(outcome->reason);
    if (!github_is_here() || state == STATE_PRESENT)
        return;
    buf_str(&line, "::error ");
    if (item->file) {
        buf_str(&line, "file=");
        write_escaped(&line, item->file, true);
        buf_printf(&line, ",line=%zu,", item->line);
    }
    buf_str(&line, "title=ecr check::");
    write_escaped(&line, item->reference.text, false);
    buf_printf(&line, " is %s (%s)%s", state_name(state), reason_name(outcome->reason), outcome->detail ? ": " : "");
    write_escaped(&line, outcome->detail ? outcome->detail : "", false);
    say(&line);
}

void github_mask(const char *secret)
{
    struct buf line = BUF_INIT;
    if (!github_is_here())
        return;
    buf_str(&line, "::add-mask::");
    write_escaped(&line, secret, false);
    say(&line);
}

static void write_result(struct buf *out, const char *name, const struct item *items, size_t count)
{
    const struct outcome *outcome = &items[0].outcome;
    if (count > 1) {
        buf_printf(out, "%s=%s\n", name, state_name(check_worst(items, count)));
        return;
    }
    buf_printf(out, "%s=%s\n%s_REASON=%s\n", name, state_name(reason_state(outcome->reason)), name,
               reason_name(outcome->reason));
    if (outcome->digest)
        buf_printf(out, "%s_DIGEST=%s\n", name, outcome->digest);
}

int github_output_check(const char *name, struct error *error)
{
    if (!env_get("GITHUB_OUTPUT"))
        return error_set(error, REASON_USAGE, "--github-output", "GITHUB_OUTPUT is not set: this is no job of GitHub");
    for (const char *c = name; *c; c++)
        if (!ascii_is_alnum(*c) && *c != '_' && *c != '-')
            return error_set(error, REASON_USAGE, "--github-output", "'%s' is no name of an output", name);
    return 0;
}

int github_output(const char *name, const struct item *items, size_t count, struct error *error)
{
    struct buf text = BUF_INIT;
    const char *path = env_get("GITHUB_OUTPUT");
    write_result(&text, name, items, count);
    int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644) : -1;
    bool written = fd >= 0 && write(fd, text.data, text.len) == (ssize_t)text.len;
    int why = errno;
    if (fd >= 0)
        close(fd);
    buf_free(&text);
    return written ? 0 : error_set(error, REASON_REFUSED, path, "cannot write the output: %s", strerror(why));
}
