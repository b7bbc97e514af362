package schedule_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"brownout/internal/schedule"
)

// javascriptHead opens a file to read from: one fs.read is one operation on the
// thread pool, where fs.readFile would be several.
const javascriptHead = `'use strict';
const fs = require('fs');
const fd = fs.openSync(__filename, 'r');
const buffer = Buffer.alloc(1);
const order = [];
process.on('exit', () => fs.writeSync(1, order.join(' ')));
`

// javascript returns the program as a CommonJS module for Node, which prints
// the program's order when it exits.
func javascript(program schedule.Program) string {
	var source strings.Builder
	source.WriteString(javascriptHead)
	writeBody(&source, program, "")
	return source.String()
}

// writeBody writes the statements of a body, one op after the other.
func writeBody(source *strings.Builder, program schedule.Program, indent string) {
	for _, op := range program {
		source.WriteString(indent)
		if op.Kind == schedule.Log {
			fmt.Fprintf(source, "order.push(%s);\n", javascriptText(op.Text))
			continue
		}
		call := javascriptCalls[op.Kind]
		source.WriteString(call.before + "() => {\n")
		writeBody(source, op.Body, indent+"  ")
		source.WriteString(indent + "}" + call.after + ";\n")
	}
}

// javascriptCalls hold what stands around the function that is an op's body.
var javascriptCalls = map[schedule.Kind]struct{ before, after string }{
	schedule.NextTick:  {"process.nextTick(", ")"},
	schedule.Promise:   {"Promise.resolve().then(", ")"},
	schedule.Timeout:   {"setTimeout(", ", 0)"},
	schedule.Immediate: {"setImmediate(", ")"},
	schedule.IO:        {"fs.read(fd, buffer, 0, 1, 0, ", ")"},
}

// javascriptText quotes text: a JSON string is a JavaScript string.
func javascriptText(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(quoted)
}

func TestJavascript(t *testing.T) {
	program := mustParse(t, `[{"log":"\"A\""},{"nextTick":[{"promise":[]}]},{"timeout":[{"log":"B"}]},{"immediate":[]},{"io":[]}]`)
	want := javascriptHead + `order.push("\"A\"");
process.nextTick(() => {
  Promise.resolve().then(() => {
  });
});
setTimeout(() => {
  order.push("B");
}, 0);
setImmediate(() => {
});
fs.read(fd, buffer, 0, 1, 0, () => {
});
`
	if got := javascript(program); got != want {
		t.Errorf("translated to\n%s\nwant\n%s", got, want)
	}
}
