package main

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

var policies = schema.GroupVersionResource{
	Group: "crd.antrea.io", Version: "v1beta1", Resource: "clusternetworkpolicies",
}

// load reads the kubeconfig. What the program does is not slowed down by the client's own rate limit.
func load(file string) *rest.Config {
	config, err := clientcmd.BuildConfigFromFlags("", file)
	if err != nil {
		fail(err)
	}
	config.QPS, config.Burst = -1, 0
	return config
}

// typed sends protobuf and takes the given media types.
func typed(config *rest.Config, accept string) *kubernetes.Clientset {
	own := rest.CopyConfig(config)
	own.ContentType = runtime.ContentTypeProtobuf
	own.AcceptContentTypes = accept
	client, err := kubernetes.NewForConfig(own)
	if err != nil {
		fail(err)
	}
	return client
}

// Controllers that are built with protobuf ask so: JSON is their second choice.
const protobufThenJSON = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON

func untyped(config *rest.Config) dynamic.NamespaceableResourceInterface {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		fail(err)
	}
	return client.Resource(policies)
}
