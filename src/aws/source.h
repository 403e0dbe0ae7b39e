#ifndef ECR_AWS_SOURCE_H
#define ECR_AWS_SOURCE_H

#include "aws/config.h"
#include "aws/credentials.h"

/*
 * A source of credentials either does not apply here, gives some, or applies and fails. As in the AWS SDKs a failure
 * ends the search: going on would answer with another identity than the one that was meant.
 */
enum source_end { SOURCE_NOT_HERE, SOURCE_GAVE, SOURCE_FAILED };

struct source_context {
    const struct aws_config *config;
    struct arena *arena; /* what is given lives here */
};

/* One file a source, chain.c holds them in order. The refused ones stand for sources that this version lacks. */
enum source_end source_environment(struct source_context *context, struct credentials *credentials,
                                   struct error *error);
enum source_end source_refused_roles(struct source_context *context, struct credentials *credentials,
                                     struct error *error);
enum source_end source_credentials_file(struct source_context *context, struct credentials *credentials,
                                        struct error *error);
enum source_end source_refused_processes(struct source_context *context, struct credentials *credentials,
                                         struct error *error);
enum source_end source_config_file(struct source_context *context, struct credentials *credentials,
                                   struct error *error);

#endif
