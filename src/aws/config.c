#include "aws/config.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"

#define CONFIG_FILE_MAX (1 << 20) /* hundreds of SSO profiles take 100 KB */

/* The name in a section's header: 'KIND NAME' or 'KIND "a b"'. data is NULL for a section of another kind. */
static struct slice name_of_section(struct slice section, const char *kind)
{
    struct slice rest = slice_from(section, strlen(kind)), none = {NULL, 0};
    if (!slice_starts(section, kind) || !rest.len || (rest.data[0] != ' ' && rest.data[0] != '\t'))
        return none;
    struct slice name = slice_trim(rest);
    bool quoted =
        name.len >= 2 && (name.data[0] == '"' || name.data[0] == '\'') && name.data[name.len - 1] == name.data[0];
    return quoted ? slice_head(slice_from(name, 1), name.len - 2) : name;
}

/* The profile of a section, which for the default one may do without the word. */
static struct slice profile_of_section(struct slice section, bool *prefixed)
{
    struct slice name = name_of_section(section, "profile");
    *prefixed = name.data != NULL;
    return *prefixed || !slice_is(section, "default") ? name : section;
}

static bool has_prefixed_section(const struct ini *ini, const char *profile)
{
    for (size_t i = 0; i < ini->count; i++) {
        bool prefixed;
        struct slice name = profile_of_section(ini->entries[i].section, &prefixed);
        if (prefixed && slice_is(name, profile))
            return true;
    }
    return false;
}

/* The last entry of that name. Where there is a [profile default], [default] counts for nothing. */
static const struct ini_entry *find(const struct ini *ini, bool is_config, const char *profile, const char *key)
{
    const struct ini_entry *found = NULL;
    bool must_be_prefixed = is_config && has_prefixed_section(ini, profile);
    for (size_t i = 0; i < ini->count; i++) {
        const struct ini_entry *entry = &ini->entries[i];
        bool prefixed = false;
        struct slice name = is_config ? profile_of_section(entry->section, &prefixed) : entry->section;
        if (name.data && slice_is(name, profile) && prefixed >= must_be_prefixed && !entry->parent.len &&
            slice_is_nocase(entry->key, key))
            found = entry;
    }
    return found;
}

bool aws_config_has_profile(const struct aws_config *config, const char *profile)
{
    return find(&config->config, true, profile, "") || find(&config->credentials, false, profile, "");
}

static const char *value_of(const struct ini_entry *entry, struct arena *arena)
{
    return entry && entry->value.len ? arena_copy(arena, entry->value) : NULL;
}

const char *aws_config_get_in_credentials(const struct aws_config *config, struct arena *arena, const char *profile,
                                          const char *key)
{
    return value_of(find(&config->credentials, false, profile, key), arena);
}

const char *aws_config_get_in_config(const struct aws_config *config, struct arena *arena, const char *profile,
                                     const char *key)
{
    return value_of(find(&config->config, true, profile, key), arena);
}

const char *aws_config_get(const struct aws_config *config, struct arena *arena, const char *profile, const char *key)
{
    const char *value = aws_config_get_in_credentials(config, arena, profile, key);
    return value ? value : aws_config_get_in_config(config, arena, profile, key);
}

/* The last entry of a section that is no profile; `parent` "" for those that are in no block. */
static const struct ini_entry *find_in_section(const struct aws_config *config, const char *kind, const char *name,
                                               const char *parent, const char *key)
{
    const struct ini_entry *found = NULL;
    for (size_t i = 0; i < config->config.count; i++) {
        const struct ini_entry *entry = &config->config.entries[i];
        struct slice section = name_of_section(entry->section, kind);
        if (section.data && slice_is(section, name) && slice_is_nocase(entry->parent, parent) &&
            slice_is_nocase(entry->key, key))
            found = entry;
    }
    return found;
}

const char *aws_config_get_service(const struct aws_config *config, struct arena *arena, const char *profile,
                                   const char *service, const char *key)
{
    const char *name = aws_config_get(config, arena, profile, "services");
    if (!name)
        return NULL;
    return value_of(find_in_section(config, "services", name, service, key), arena);
}

bool aws_config_has_sso_session(const struct aws_config *config, const char *name)
{
    return find_in_section(config, "sso-session", name, "", "") != NULL;
}

const char *aws_config_get_sso_session(const struct aws_config *config, struct arena *arena, const char *name,
                                       const char *key)
{
    return value_of(find_in_section(config, "sso-session", name, "", key), arena);
}

bool aws_config_flag(const struct aws_config *config, struct arena *arena, const char *variable, const char *key)
{
    const char *value = env_get(variable);
    if (!value)
        value = aws_config_get(config, arena, config->profile, key);
    return value && slice_is_nocase(slice_of(value), "true");
}

const char *aws_config_region(const struct aws_config *config, struct arena *arena)
{
    const char *region = config->region_flag;
    if (!region)
        region = env_get("AWS_REGION");
    if (!region)
        region = env_get("AWS_DEFAULT_REGION");
    return region ? region : aws_config_get(config, arena, config->profile, "region");
}

static int load_file(struct arena *arena, const char *path, struct buf *text, struct ini *ini, struct error *error)
{
    int status = path ? file_read(path, CONFIG_FILE_MAX, text) : 0;
    if (status == ENOENT || status == ENOTDIR)
        status = 0;
    if (status)
        return error_set(error, REASON_NO_CREDENTIALS, path, "cannot read it: %s", strerror(status));
    size_t line = ini_parse(arena, buf_view(text), ini);
    if (line)
        return error_set(error, REASON_NO_CREDENTIALS, path, "line %zu is neither [section], key = value nor a comment",
                         line);
    return 0;
}

static void choose_profile(struct aws_config *config, const char *flag)
{
    const char *variable = env_get("AWS_PROFILE");
    if (!variable)
        variable = env_get("AWS_DEFAULT_PROFILE");
    config->profile_from_flag = flag != NULL;
    config->profile_named = flag || variable;
    config->profile = flag ? flag : variable ? variable : "default";
}

static const char *file_path(struct arena *arena, const char *variable, const char *usual)
{
    const char *path = env_get(variable);
    return path_expand(arena, path ? path : usual);
}

static int check_profile(const struct aws_config *config, struct error *error)
{
    if (!config->profile_named || aws_config_has_profile(config, config->profile) ||
        strcmp(config->profile, "default") == 0)
        return 0;
    const char *subject = config->profile_from_flag ? "--profile" : "AWS_PROFILE";
    error_set(error, config->profile_from_flag ? REASON_USAGE : REASON_NO_CREDENTIALS, subject,
              "there is no profile '%s' in %s or %s", config->profile,
              config->config_path ? config->config_path : "~/.aws/config (no HOME)",
              config->credentials_path ? config->credentials_path : "~/.aws/credentials (no HOME)");
    return -1;
}

int aws_config_load(struct aws_config *config, struct arena *arena, const char *profile_flag, struct error *error)
{
    *config = (struct aws_config){.config_text = BUF_INIT, .credentials_text = BUF_INIT};
    choose_profile(config, profile_flag);
    config->config_path = file_path(arena, "AWS_CONFIG_FILE", "~/.aws/config");
    config->credentials_path = file_path(arena, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
    if (load_file(arena, config->config_path, &config->config_text, &config->config, error) < 0 ||
        load_file(arena, config->credentials_path, &config->credentials_text, &config->credentials, error) < 0)
        return -1;
    return check_profile(config, error);
}

void aws_config_free(struct aws_config *config)
{
    buf_free(&config->config_text);
    buf_free(&config->credentials_text);
}
