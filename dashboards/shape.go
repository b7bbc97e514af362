package dashboards

import "encoding/json"

// What follows is as much of Grafana's dashboard schema as is read here: no more than what is drawn, for
// in what Grafana exports other members have other types from version to version.

type dashboardShape struct {
	UID         string `json:"uid"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Templating  struct {
		List []variableShape `json:"list"`
	} `json:"templating"`
	Panels []panelShape `json:"panels"`
}

type variableShape struct {
	Name  string          `json:"name"`
	Label string          `json:"label"`
	Type  string          `json:"type"`
	Query json.RawMessage `json:"query"` // a text, or an object with one
}

type panelShape struct {
	ID          int           `json:"id"`
	Type        string        `json:"type"`
	Title       string        `json:"title"`
	Description string        `json:"description"`
	GridPos     wireGrid      `json:"gridPos"`
	Targets     []targetShape `json:"targets"`
	FieldConfig struct {
		Defaults defaultsShape `json:"defaults"`
	} `json:"fieldConfig"`
	Options struct {
		Content string `json:"content"`
	} `json:"options"`
	Links []struct {
		Title string `json:"title"`
	} `json:"links"`
	Panels []panelShape `json:"panels"` // of a row that is collapsed
}

type targetShape struct {
	Expr         string `json:"expr"`
	LegendFormat string `json:"legendFormat"`
}

type defaultsShape struct {
	Unit   string `json:"unit"`
	Custom struct {
		ScaleDistribution struct {
			Type string `json:"type"`
		} `json:"scaleDistribution"`
		Stacking struct {
			Mode string `json:"mode"`
		} `json:"stacking"`
	} `json:"custom"`
	Thresholds struct {
		Steps []wireStep `json:"steps"`
	} `json:"thresholds"`
	Mappings []struct {
		Type    string          `json:"type"`
		Options json.RawMessage `json:"options"` // their shape depends on the type
	} `json:"mappings"`
}
