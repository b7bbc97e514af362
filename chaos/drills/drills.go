// Package drills holds the incidents that Brownout knows, one file each, as the package
// chaos/drill reads them, and the JSON Schema of such a file.
package drills

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed *.yaml schema.json
var files embed.FS

const extension = ".yaml"

// Names returns the drills that there are, sorted.
func Names() []string {
	paths, err := fs.Glob(files, "*"+extension)
	if err != nil {
		panic(err) // the pattern is wrong
	}
	names := make([]string, len(paths))
	for i, path := range paths {
		names[i] = strings.TrimSuffix(path, extension)
	}
	return names
}

// Read returns the text of a drill's file. An error lists the drills that there are.
func Read(name string) ([]byte, error) {
	text, err := files.ReadFile(name + extension)
	if err != nil {
		return nil, fmt.Errorf("there is no drill %.64q; there are %s", name, strings.Join(Names(), ", "))
	}
	return text, nil
}

// Schema returns the JSON Schema (2020-12) of a drill's file.
func Schema() []byte {
	text, err := files.ReadFile("schema.json")
	if err != nil {
		panic(err) // it is embedded
	}
	return text
}
