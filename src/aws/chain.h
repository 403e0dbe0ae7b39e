#ifndef ECR_AWS_CHAIN_H
#define ECR_AWS_CHAIN_H

#include "aws/source.h"

/* Finds credentials: the first source that applies gives them or fails. -1 with an error; no-credentials if none does. */
int chain_find(const struct aws_config *config, struct arena *arena, struct credentials *credentials,
               struct error *error);

#endif
