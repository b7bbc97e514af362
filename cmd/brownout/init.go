package main

import (
	"errors"
	"path/filepath"

	"brownout/internal/lab"
)

// initCommand makes the secrets of a shop in containers.
type initCommand struct {
	Dir  string `env:"BROWNOUT_INIT" required:"" placeholder:"FOLDER" help:"Where the secrets are kept, in init/secrets.json, and those of each part in a folder of its name."`
	Show bool   `help:"Print the file by which commands on the machine of the containers find the shop. It has secrets."`
}

// Help is the longer help of the command.
func (*initCommand) Help() string {
	return `
Secrets that are there already are kept, so it may be run again. Each part sees its own folder only. With docker compose:

    mkdir -p .brownout
    (umask 077; docker compose run --rm -T init init --dir /init/secrets --show > .brownout/shop.json)
`
}

// Validate is called by the parser.
func (c *initCommand) Validate() error {
	if c.Dir == "" {
		return errors.New("--dir: must name a folder")
	}
	return nil
}

// Run runs the command.
func (c *initCommand) Run(s streams) error {
	secrets, err := lab.KeepSecrets(filepath.Join(c.Dir, "init", "secrets.json"))
	if err != nil {
		return err
	}
	if err := secrets.HandOut(c.Dir); err != nil || !c.Show {
		return err
	}
	text, err := secrets.Shop(lab.Outside).Text()
	if err == nil {
		_, err = s.out.Write(text)
	}
	return err
}
