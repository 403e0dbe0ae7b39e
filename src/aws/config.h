#ifndef ECR_AWS_CONFIG_H
#define ECR_AWS_CONFIG_H

#include "aws/ini.h"
#include "base/buf.h"
#include "base/error.h"

/* The shared config and credentials files of the AWS SDKs, and which profile of them is meant. */
struct aws_config {
    struct buf config_text, credentials_text;
    struct ini config, credentials;
    const char *config_path, *credentials_path; /* NULL: no HOME and no variable */
    const char *region_flag;                    /* --region, NULL without it; whoever loads the files sets it */
    const char *profile;
    bool profile_from_flag; /* --profile, which also switches keys in the environment off */
    bool profile_named;     /* by the flag or AWS_PROFILE, so that it has to exist */
};

/*
 * Reads both files (AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, else in ~/.aws) for the profile of the flag (NULL
 * without one), AWS_PROFILE, AWS_DEFAULT_PROFILE or "default". A missing file is an empty one. -1 with an error of
 * reason usage if the flag names no profile, of reason no-credentials for a variable that does not, or for a file
 * that cannot be read or parsed.
 */
int aws_config_load(struct aws_config *config, struct arena *arena, const char *profile_flag, struct error *error);
void aws_config_free(struct aws_config *config);

bool aws_config_has_profile(const struct aws_config *config, const char *profile);

/* A key of a profile, the credentials file first; NULL when it is not set. In `arena`. */
const char *aws_config_get(const struct aws_config *config, struct arena *arena, const char *profile, const char *key);

/* The same out of one of the files alone. */
const char *aws_config_get_in_credentials(const struct aws_config *config, struct arena *arena, const char *profile,
                                          const char *key);
const char *aws_config_get_in_config(const struct aws_config *config, struct arena *arena, const char *profile,
                                     const char *key);

/* `key` of the block `service` in the [services NAME] section that the profile names with `services = NAME`. */
const char *aws_config_get_service(const struct aws_config *config, struct arena *arena, const char *profile,
                                   const char *service, const char *key);

/* The [sso-session NAME] section. */
bool aws_config_has_sso_session(const struct aws_config *config, const char *name);
const char *aws_config_get_sso_session(const struct aws_config *config, struct arena *arena, const char *name,
                                       const char *key);

/* A boolean from a variable, else from the profile: "true" in any case is true, all else false. */
bool aws_config_flag(const struct aws_config *config, struct arena *arena, const char *variable, const char *key);

/* The caller's region: the flag, AWS_REGION, AWS_DEFAULT_REGION, the profile's; NULL: not set. */
const char *aws_config_region(const struct aws_config *config, struct arena *arena);

#endif
