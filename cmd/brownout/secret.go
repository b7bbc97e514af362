package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

const (
	// secretTag marks a flag whose value is a secret.
	secretTag = "secret"
	// fileSuffix makes, of the name of a secret's environment variable, that of one which names a file.
	fileSuffix = "_FILE"
	// maxSecret bounds such a file, in bytes.
	maxSecret = 4 << 10
)

// readSecret is a kong.ResolverFunc: what the variable X may say of a flag that is a secret, may also stand
// in a file that the variable X_FILE names. That is how a container is told secrets: neither the description
// of a container nor the environment of a process has them then.
func readSecret(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if !flag.Tag.Has(secretTag) {
		return nil, nil
	}
	for _, env := range flag.Envs {
		path := os.Getenv(env + fileSuffix)
		if path == "" {
			continue
		}
		if os.Getenv(env) != "" {
			return nil, fmt.Errorf("both %s and %s are set: which one is meant?", env, env+fileSuffix)
		}
		secret, err := readSecretFile(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", env+fileSuffix, err)
		}
		return secret, nil
	}
	return nil, nil
}

// readSecretFile returns what is in a file, without the line's end. It is one line, and not empty. No error
// has anything of it.
func readSecretFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	if err != nil {
		return "", err
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	switch {
	case len(text) > maxSecret:
		return "", fmt.Errorf("%s: has more than %d bytes", path, maxSecret)
	case secret == "":
		return "", errors.New(path + ": is empty")
	case strings.ContainsAny(secret, "\r\n"):
		return "", errors.New(path + ": has more than one line")
	}
	return secret, nil
}
