package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Load reads defaults, then the YAML file (path may be empty), then the
// environment: `CRMBOT_DATABASE_DSN` for `database.dsn`, and for secrets also
// `CRMBOT_DATABASE_DSN_FILE`, a file with the value. All problems are
// reported at once: unknown keys, unreadable files and invalid values.
func Load(path string, environ []string) (Config, error) {
	c := Defaults()
	var errs []error
	if path != "" {
		raw, err := os.ReadFile(path)
		if err != nil {
			return c, fmt.Errorf("configuration file: %w", err)
		}
		errs = append(errs, readYAML(raw, &c)...)
	}
	errs = append(errs, readEnv(environ, &c)...)
	errs = append(errs, c.Validate())
	return c, errors.Join(errs...)
}

func readYAML(raw []byte, c *Config) []error {
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return []error{fmt.Errorf("configuration file: %w", err)}
	}
	if len(doc.Content) == 0 {
		return nil
	}
	var errs []error
	unknown(doc.Content[0], reflect.TypeFor[Config](), "", &errs)
	if err := doc.Decode(c); err != nil {
		errs = append(errs, fmt.Errorf("configuration file: %w", err))
	}
	return errs
}

// unknown reports every key that the configuration does not have.
func unknown(n *yaml.Node, t reflect.Type, at string, errs *[]error) {
	if n.Kind != yaml.MappingNode {
		if t.Kind() == reflect.Struct {
			*errs = append(*errs, fmt.Errorf("line %d: %s must be a mapping", n.Line, strings.TrimSuffix(at, ".")))
		}
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		f, ok := field(t, k.Value)
		if !ok {
			*errs = append(*errs, fmt.Errorf("line %d: unknown key %s%s (known: %s)", k.Line, at, k.Value, strings.Join(keys(t), ", ")))
			continue
		}
		if f.Type.Kind() == reflect.Struct {
			unknown(v, f.Type, at+k.Value+".", errs)
		}
	}
}

func field(t reflect.Type, key string) (reflect.StructField, bool) {
	for i := range t.NumField() {
		if t.Field(i).Tag.Get("yaml") == key {
			return t.Field(i), true
		}
	}
	return reflect.StructField{}, false
}

func keys(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		out = append(out, t.Field(i).Tag.Get("yaml"))
	}
	return out
}

const envPrefix = "CRMBOT_"

// otherEnv are names with the prefix that belong to tests and tools.
const otherEnv = "CRMBOT_TEST_"

func readEnv(environ []string, c *Config) []error {
	env := map[string]string{}
	for _, e := range environ {
		k, v, _ := strings.Cut(e, "=")
		if strings.HasPrefix(k, envPrefix) && !strings.HasPrefix(k, otherEnv) {
			env[k] = v
		}
	}
	var errs []error
	root := reflect.ValueOf(c).Elem()
	for i := range root.NumField() {
		section := root.Field(i)
		for j := range section.NumField() {
			f := section.Type().Field(j)
			name := envPrefix + strings.ToUpper(root.Type().Field(i).Tag.Get("yaml")+"_"+f.Tag.Get("yaml"))
			if v, ok := env[name]; ok {
				if err := set(section.Field(j), v); err != nil {
					errs = append(errs, fmt.Errorf("%s: %w", name, err))
				}
				delete(env, name)
			}
			file, ok := env[name+"_FILE"]
			if !ok || f.Tag.Get("secret") == "" {
				continue
			}
			delete(env, name+"_FILE")
			raw, err := os.ReadFile(file)
			if err != nil {
				var pe *fs.PathError
				if errors.As(err, &pe) {
					err = pe.Err
				}
				errs = append(errs, fmt.Errorf("%s_FILE: %s: %w", name, file, err))
				continue
			}
			section.Field(j).SetString(strings.TrimRight(string(raw), "\r\n"))
		}
	}
	var left []string
	for k := range env {
		left = append(left, k)
	}
	slices.Sort(left)
	for _, k := range left {
		errs = append(errs, fmt.Errorf("unknown environment variable %s", k))
	}
	return errs
}

// set gives a text or a number its value.
func set(f reflect.Value, v string) error {
	if f.Kind() != reflect.Int {
		f.SetString(v)
		return nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(v))
	if err != nil {
		return fmt.Errorf("%q is not a whole number", v)
	}
	f.SetInt(int64(n))
	return nil
}
