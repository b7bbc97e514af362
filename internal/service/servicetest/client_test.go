package servicetest_test

import (
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
)

const document = `
openapi: 3.1.0
info: {title: test, version: "1"}
paths:
  /v1/echo:
    post:
      requestBody: {required: true, content: {application/json: {schema: {type: object, required: [n], properties: {n: {type: integer}}}}}}
      responses:
        "200": {description: ok, content: {application/json: {schema: {type: object, required: [n], properties: {n: {type: integer}}}}}}
        "400": {description: bad, content: {application/problem+json: {schema: {type: object, required: [code], properties: {code: {type: string}}}}}}
`

func echo(rt *service.Runtime) service.Service {
	m := service.NewMemory(rt)
	return service.Service{Routes: []service.Route{{
		Name: "echo", Method: "POST", Pattern: "/v1/echo", MaxBody: 100,
		Handle: func(t *loop.Task, r *service.Request) (service.Response, error) {
			v, err := service.Decode[struct {
				N int `json:"n"`
			}](r.Body)
			if err != nil {
				return service.Response{}, err
			}
			v.N, err = service.MemoryDo(t, m, "echo", func() (int, error) { return v.N, nil })
			if err != nil {
				return service.Response{}, err
			}
			return service.JSON(200, v)
		},
	}}}
}

func TestRunAsksAService(t *testing.T) {
	servicetest.Run(t, servicetest.Config{Build: echo, OpenAPI: []byte(document)}, func(c *servicetest.Client) {
		began := time.Now()
		if a := c.Do("POST", "/v1/echo", `{"n":7}`); a.Status != 200 || a.Body != `{"n":7}` {
			t.Errorf("%+v", a)
		}
		if time.Since(began) == 0 {
			t.Error("an operation on a memory took no time")
		}
		if a := c.Do("POST", "/v1/echo", `{"m":7}`); a.Status != 400 {
			t.Errorf("%+v", a)
		}
		var got servicetest.Answer
		wait := c.Go("other", func(c *servicetest.Client) { got = c.Do("POST", "/v1/echo", `{"n":8}`) })
		wait()
		if got.Body != `{"n":8}` {
			t.Errorf("%+v", got)
		}
	})
}
