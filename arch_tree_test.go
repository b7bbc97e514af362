package brownout_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const modulePath = "brownout"

// A sourceFile is what the tests of the architecture want to know about one .go file.
type sourceFile struct {
	path    string // below the module, with slashes
	name    string // of its package
	imports []string
	inits   []token.Position
}

type sourceTree []sourceFile

// readTree parses all Go files of the module, whatever their build constraints; the go command's own rules say which
// folders are none of its packages.
func readTree(t *testing.T) sourceTree {
	t.Helper()
	var tree sourceTree
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && ignoredFolder(entry.Name()):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		file, err := readSource(path)
		tree = append(tree, file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func ignoredFolder(name string) bool {
	if name == "." {
		return false
	}
	return name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

func readSource(path string) (sourceFile, error) {
	positions := token.NewFileSet()
	syntax, err := parser.ParseFile(positions, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return sourceFile{}, err
	}
	file := sourceFile{path: filepath.ToSlash(path), name: syntax.Name.Name}
	for _, spec := range syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return file, err
		}
		file.imports = append(file.imports, imported)
	}
	for _, declaration := range syntax.Decls {
		if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			file.inits = append(file.inits, positions.Position(f.Pos()))
		}
	}
	return file, nil
}

// imports is the graph of the files that are no tests. Every package that has such a file is in it, also one that
// imports nothing.
func (tree sourceTree) imports() importGraph {
	graph := importGraph{}
	for _, file := range tree {
		if strings.HasSuffix(file.path, "_test.go") {
			continue
		}
		folder := path.Dir(file.path)
		for _, imported := range file.imports {
			graph[folder] = append(graph[folder], strings.TrimPrefix(imported, modulePath+"/"))
		}
		graph[folder] = slices.Compact(slices.Sorted(slices.Values(graph[folder])))
	}
	return graph
}
