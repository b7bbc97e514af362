package drill

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
)

// The files of a run's folder. Each arm has a folder of its own beside them, with its journal
// and the logs of its shop.
const (
	EvidenceFile = "run.json"
	VerdictFile  = "verdict.json"
	PlanFile     = "plan.yaml"
)

// A folder is where the evidence of a run goes.
type folder struct{ path string }

// newFolder makes a folder that is not there yet.
func newFolder(path string) (*folder, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		return nil, err
	}
	return &folder{path}, nil
}

func (f *folder) save(name string, text []byte) error {
	return os.WriteFile(filepath.Join(f.path, name), text, 0o600)
}

// write writes evidence and verdict.
func (f *folder) write(run *evidence.Run, v verdict.Verdict) error {
	for _, file := range []struct {
		name  string
		value any
	}{{EvidenceFile, run}, {VerdictFile, v}} {
		text, err := json.Marshal(file.value)
		if err != nil {
			return fmt.Errorf("%s: %w", file.name, err)
		}
		if err := f.save(file.name, text); err != nil {
			return err
		}
	}
	return nil
}

// maxEvidence bounds a file of evidence that is read.
const maxEvidence = 256 << 20

// ReadRun reads the evidence and the plan of a run's folder.
func ReadRun(path string) (*evidence.Run, []byte, error) {
	var run evidence.Run
	name := filepath.Join(path, EvidenceFile)
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s is not the folder of a run: %w", path, err)
	}
	if err != nil {
		return nil, nil, err
	}
	if info.Size() > maxEvidence {
		return nil, nil, fmt.Errorf("%s: is larger than %d bytes", name, maxEvidence)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	if err := json.Unmarshal(text, &run); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	plan, err := os.ReadFile(filepath.Join(path, PlanFile))
	return &run, plan, err
}
