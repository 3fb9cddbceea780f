package simulate

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// A dockerConfig has credentials by the registries that they are for.
//
// Source: [DockerConfig].
//
// [DockerConfig]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/credentialprovider/config.go#L38-L57
type dockerConfig map[string]dockerConfigEntry

// A dockerConfigJSON is the file config.json.
type dockerConfigJSON struct {
	Auths dockerConfig `json:"auths"`
	// HTTPHeaders are not used, but must be of this type.
	HTTPHeaders map[string]string `json:"HttpHeaders"`
}

// A dockerConfigEntry is all that the kubelet takes from an entry: it knows no
// tokens.
type dockerConfigEntry struct {
	username, password string
}

// UnmarshalJSON reads an entry. Its auth, if there is one, replaces the username
// and the password.
//
// Source: [DockerConfigEntry.UnmarshalJSON].
//
// [DockerConfigEntry.UnmarshalJSON]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/credentialprovider/config.go#L255-L273
func (e *dockerConfigEntry) UnmarshalJSON(content []byte) error {
	var fields struct {
		Username string `json:"username"`
		Password string `json:"password"`
		Email    string `json:"email"` // not used, but must be a string
		Auth     string `json:"auth"`
	}
	err := json.Unmarshal(content, &fields)
	if err != nil {
		return err
	}
	e.username, e.password = fields.Username, fields.Password
	if fields.Auth != "" {
		e.username, e.password, err = decodeAuth(fields.Auth)
	}
	return err
}

// decodeAuth reads an auth: base64 of the username, a colon and the password.
// The padding may be missing, line breaks may be in it.
//
// Source: [decodeDockerConfigFieldAuth].
//
// [decodeDockerConfigFieldAuth]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/credentialprovider/config.go#L283-L313
func decodeAuth(auth string) (username, password string, err error) {
	encoding := base64.RawStdEncoding
	if strings.HasSuffix(strings.TrimSpace(auth), "=") {
		encoding = base64.StdEncoding
	}
	decoded, err := encoding.DecodeString(auth)
	if err != nil {
		return "", "", err
	}
	username, password, ok := strings.Cut(string(decoded), ":")
	if !ok {
		return "", "", errors.New("unable to parse auth field, must be formatted as base64(username:password)")
	}
	return username, password, nil
}

// dockerConfigOf reads a Secret. One of another type, or without content, is
// read as empty.
//
// Source: [secretsToTrackedDockerConfigs].
//
// [secretsToTrackedDockerConfigs]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/credentialprovider/secrets/secrets.go#L42-L78
func dockerConfigOf(secret *corev1.Secret) (dockerConfig, error) {
	switch secret.Type {
	case corev1.SecretTypeDockerConfigJson:
		var config dockerConfigJSON
		err := unmarshalKey(secret, corev1.DockerConfigJsonKey, &config)
		return config.Auths, err
	case corev1.SecretTypeDockercfg:
		var config dockerConfig
		err := unmarshalKey(secret, corev1.DockerConfigKey, &config)
		return config, err
	default:
		return nil, nil
	}
}

// unmarshalKey reads the JSON under one of a Secret's keys. The API server lets
// stringData replace data.
//
// Source: [Convert_v1_Secret_To_core_Secret].
//
// [Convert_v1_Secret_To_core_Secret]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/apis/core/v1/conversion.go#L229-L245
func unmarshalKey(secret *corev1.Secret, key string, config any) error {
	content := secret.Data[key]
	if text, ok := secret.StringData[key]; ok {
		content = []byte(text)
	}
	if len(content) == 0 {
		return nil
	}
	return json.Unmarshal(content, config)
}
