#ifndef ECR_AWS_WORDS_H
#define ECR_AWS_WORDS_H

#include "base/arena.h"

/*
 * Splits a command line into words as a POSIX shell quotes them: ', " and backslash; nothing is expanded. The list ends
 * with NULL. Returns NULL, or what is wrong ("a quote is not closed").
 */
const char *split_words(struct arena *arena, const char *text, char ***words);

#endif
