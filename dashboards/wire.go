package dashboards

// What follows is as much of Grafana's dashboard schema as is written here. What is read is in shape.go.

// schemaVersion is that of Grafana 11. Grafana 12 takes it as it is: nothing that changed since then is
// used here.
const schemaVersion = 39

type wireDashboard struct {
	UID           string          `json:"uid"`
	Title         string          `json:"title"`
	Description   string          `json:"description"`
	Tags          []string        `json:"tags"`
	SchemaVersion int             `json:"schemaVersion"`
	Editable      bool            `json:"editable"`
	GraphTooltip  int             `json:"graphTooltip"` // 1: one crosshair for all panels
	Refresh       string          `json:"refresh"`
	Time          wireTime        `json:"time"`
	Timezone      string          `json:"timezone"`
	Links         []wireLink      `json:"links"`
	Annotations   wireAnnotations `json:"annotations"`
	Templating    wireTemplating  `json:"templating"`
	Panels        []wirePanel     `json:"panels"`
}

type wireTime struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type wireLink struct {
	Title       string   `json:"title"`
	Type        string   `json:"type,omitempty"`
	URL         string   `json:"url,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	AsDropdown  bool     `json:"asDropdown,omitempty"`
	KeepTime    bool     `json:"keepTime,omitempty"`
	IncludeVars bool     `json:"includeVars,omitempty"`
	TargetBlank bool     `json:"targetBlank,omitempty"`
}

type wireSource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type wireAnnotations struct {
	List []wireAnnotation `json:"list"`
}

type wireAnnotation struct {
	Name        string      `json:"name"`
	Datasource  *wireSource `json:"datasource"`
	Enable      bool        `json:"enable"`
	IconColor   string      `json:"iconColor"`
	Expr        string      `json:"expr"`
	Step        string      `json:"step"`
	TitleFormat string      `json:"titleFormat"`
	TextFormat  string      `json:"textFormat"`
}

type wireTemplating struct {
	List []wireVariable `json:"list"`
}

type wireVariable struct {
	Name       string      `json:"name"`
	Label      string      `json:"label"`
	Type       string      `json:"type"`
	Datasource *wireSource `json:"datasource,omitempty"`
	Query      string      `json:"query"`
	Definition string      `json:"definition,omitempty"`
	Refresh    int         `json:"refresh,omitempty"` // 2: when the time changes
	Sort       int         `json:"sort,omitempty"`
	Multi      bool        `json:"multi,omitempty"`
	IncludeAll bool        `json:"includeAll,omitempty"`
	AllValue   string      `json:"allValue,omitempty"`
	Current    wireCurrent `json:"current"`
}

type wireCurrent struct {
	Selected bool   `json:"selected"`
	Text     string `json:"text"`
	Value    string `json:"value"`
}

type wirePanel struct {
	ID          int              `json:"id"`
	Type        string           `json:"type"`
	Title       string           `json:"title"`
	Description string           `json:"description,omitempty"`
	GridPos     wireGrid         `json:"gridPos"`
	Datasource  *wireSource      `json:"datasource,omitempty"`
	Targets     []wireTarget     `json:"targets,omitempty"`
	FieldConfig *wireFieldConfig `json:"fieldConfig,omitempty"`
	Options     *wireOptions     `json:"options,omitempty"`
	Links       []wireLink       `json:"links,omitempty"`
	Collapsed   *bool            `json:"collapsed,omitempty"` // of a row
	Panels      []wirePanel      `json:"panels,omitempty"`    // of a row that is collapsed
}

type wireGrid struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"`
	H int `json:"h"`
}

type wireTarget struct {
	RefID        string      `json:"refId"`
	Datasource   *wireSource `json:"datasource"`
	Expr         string      `json:"expr"`
	LegendFormat string      `json:"legendFormat"`
	EditorMode   string      `json:"editorMode"`
	Range        bool        `json:"range"`
	Exemplar     bool        `json:"exemplar"`
}

type wireFieldConfig struct {
	Defaults  wireDefaults `json:"defaults"`
	Overrides []any        `json:"overrides"`
}

type wireDefaults struct {
	Unit       string          `json:"unit"`
	Min        *float64        `json:"min,omitempty"`
	Color      *wireColor      `json:"color,omitempty"`
	Custom     *wireCustom     `json:"custom,omitempty"`
	Mappings   []wireMapping   `json:"mappings"`
	Thresholds *wireThresholds `json:"thresholds,omitempty"`
}

type wireColor struct {
	Mode string `json:"mode"`
}

// wireCustom is of time series and state timelines.
type wireCustom struct {
	DrawStyle         string         `json:"drawStyle,omitempty"`
	LineWidth         int            `json:"lineWidth"`
	FillOpacity       int            `json:"fillOpacity"`
	ShowPoints        string         `json:"showPoints,omitempty"`
	SpanNulls         bool           `json:"spanNulls"`
	ScaleDistribution *wireScale     `json:"scaleDistribution,omitempty"`
	Stacking          *wireStacking  `json:"stacking,omitempty"`
	ThresholdsStyle   *wireThreshold `json:"thresholdsStyle,omitempty"`
}

type wireScale struct {
	Type string `json:"type"`
	Log  int    `json:"log,omitempty"`
}

type wireStacking struct {
	Mode  string `json:"mode"`
	Group string `json:"group"`
}

type wireThreshold struct {
	Mode string `json:"mode"`
}

type wireMapping struct {
	Type    string                    `json:"type"`
	Options map[string]wireMappedText `json:"options"`
}

type wireMappedText struct {
	Text  string `json:"text"`
	Color string `json:"color,omitempty"`
	Index int    `json:"index"`
}

type wireThresholds struct {
	Mode  string     `json:"mode"`
	Steps []wireStep `json:"steps"`
}

// wireStep begins at its value; null is below all.
type wireStep struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

// wireOptions are those of all kinds.
type wireOptions struct {
	Legend        *wireLegend  `json:"legend,omitempty"`
	Tooltip       *wireTooltip `json:"tooltip,omitempty"`
	ReduceOptions *wireReduce  `json:"reduceOptions,omitempty"` // of a stat
	ColorMode     string       `json:"colorMode,omitempty"`
	GraphMode     string       `json:"graphMode,omitempty"`
	TextMode      string       `json:"textMode,omitempty"`
	MergeValues   bool         `json:"mergeValues,omitempty"` // of a state timeline
	ShowValue     string       `json:"showValue,omitempty"`
	RowHeight     float64      `json:"rowHeight,omitempty"`
	Mode          string       `json:"mode,omitempty"` // of a text
	Content       string       `json:"content,omitempty"`
}

type wireLegend struct {
	DisplayMode string   `json:"displayMode"`
	Placement   string   `json:"placement"`
	ShowLegend  bool     `json:"showLegend"`
	Calcs       []string `json:"calcs"`
}

type wireTooltip struct {
	Mode string `json:"mode"`
	Sort string `json:"sort"`
}

type wireReduce struct {
	Calcs  []string `json:"calcs"`
	Fields string   `json:"fields"`
	Values bool     `json:"values"`
}
