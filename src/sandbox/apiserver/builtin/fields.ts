/**
 * The fields of the built-in resources, one Go type a line, as the OpenAPI document of kube-apiserver v1.36.3 declares
 * them. After each name: s text, i integer, n number, b boolean, t and m times, y bytes, x integer or text, q quantity,
 * * anything, [T] a list, {T} a map, a name another line; ! atomic, {k,…} (a key may have a default) and set the list
 * type, ~ a merge key of strategic patches where the list type does not say it, - none. shapes.ts reads it.
 */
export const FIELDS = `
Namespace apiVersion:s kind:s metadata:ObjectMeta spec:NamespaceSpec status:NamespaceStatus
Node apiVersion:s kind:s metadata:ObjectMeta spec:NodeSpec status:NodeStatus
Pod apiVersion:s kind:s metadata:ObjectMeta spec:PodSpec status:PodStatus
Service apiVersion:s kind:s metadata:ObjectMeta spec:ServiceSpec status:ServiceStatus
ConfigMap apiVersion:s binaryData:{y} data:{s} immutable:b kind:s metadata:ObjectMeta
Secret apiVersion:s data:{y} immutable:b kind:s metadata:ObjectMeta stringData:{s} type:s
ServiceAccount apiVersion:s automountServiceAccountToken:b imagePullSecrets:[LocalObjectReference!] kind:s metadata:ObjectMeta secrets:[ObjectReference!]{name}
Event action:s apiVersion:s count:i eventTime:m firstTimestamp:t involvedObject:ObjectReference! kind:s lastTimestamp:t message:s metadata:ObjectMeta reason:s related:ObjectReference! reportingComponent:s reportingInstance:s series:EventSeries source:EventSource type:s
Endpoints apiVersion:s kind:s metadata:ObjectMeta subsets:[EndpointSubset]
EndpointSlice addressType:s apiVersion:s endpoints:[Endpoint] kind:s metadata:ObjectMeta ports:[EndpointPort!]
Ingress apiVersion:s kind:s metadata:ObjectMeta spec:IngressSpec status:IngressStatus
IngressClass apiVersion:s kind:s metadata:ObjectMeta spec:IngressClassSpec
NetworkPolicy apiVersion:s kind:s metadata:ObjectMeta spec:NetworkPolicySpec
Lease apiVersion:s kind:s metadata:ObjectMeta spec:LeaseSpec
Deployment apiVersion:s kind:s metadata:ObjectMeta spec:DeploymentSpec status:DeploymentStatus
ReplicaSet apiVersion:s kind:s metadata:ObjectMeta spec:ReplicaSetSpec status:ReplicaSetStatus
DaemonSet apiVersion:s kind:s metadata:ObjectMeta spec:DaemonSetSpec status:DaemonSetStatus
StatefulSet apiVersion:s kind:s metadata:ObjectMeta spec:StatefulSetSpec status:StatefulSetStatus
CustomResourceDefinition apiVersion:s kind:s metadata:ObjectMeta spec:CustomResourceDefinitionSpec status:CustomResourceDefinitionStatus
APIService apiVersion:s kind:s metadata:ObjectMeta spec:APIServiceSpec status:APIServiceStatus
ResourceQuota apiVersion:s kind:s metadata:ObjectMeta spec:ResourceQuotaSpec status:ResourceQuotaStatus
LimitRange apiVersion:s kind:s metadata:ObjectMeta spec:LimitRangeSpec
ObjectMeta annotations:{s} creationTimestamp:t deletionGracePeriodSeconds:i deletionTimestamp:t finalizers:[s]set generateName:s generation:i labels:{s} managedFields:[ManagedFieldsEntry] name:s namespace:s ownerReferences:[OwnerReference!]{uid} resourceVersion:s selfLink:s uid:s
NamespaceSpec finalizers:[s]
NamespaceStatus conditions:[NamespaceCondition]{type} phase:s
NodeSpec configSource:NodeConfigSource externalID:s podCIDR:s podCIDRs:[s]set providerID:s taints:[Taint] unschedulable:b
NodeStatus addresses:[NodeAddress]{type} allocatable:{q} capacity:{q} conditions:[NodeCondition]{type} config:NodeConfigStatus daemonEndpoints:NodeDaemonEndpoints declaredFeatures:[s] features:NodeFeatures images:[ContainerImage] nodeInfo:NodeSystemInfo phase:s runtimeHandlers:[NodeRuntimeHandler] volumesAttached:[AttachedVolume] volumesInUse:[s]
PodSpec activeDeadlineSeconds:i affinity:Affinity automountServiceAccountToken:b containers:[Container]{name} dnsConfig:PodDNSConfig dnsPolicy:s enableServiceLinks:b ephemeralContainers:[EphemeralContainer]{name} hostAliases:[HostAlias]{ip} hostIPC:b hostNetwork:b hostPID:b hostUsers:b hostname:s hostnameOverride:s imagePullSecrets:[LocalObjectReference!]{name} initContainers:[Container]{name} nodeName:s nodeSelector:{s}! os:PodOS overhead:{q} preemptionPolicy:s priority:i priorityClassName:s readinessGates:[PodReadinessGate] resourceClaims:[PodResourceClaim]{name} resources:ResourceRequirements restartPolicy:s runtimeClassName:s schedulerName:s schedulingGates:[PodSchedulingGate]{name} schedulingGroup:PodSchedulingGroup securityContext:PodSecurityContext serviceAccount:s serviceAccountName:s setHostnameAsFQDN:b shareProcessNamespace:b subdomain:s terminationGracePeriodSeconds:i tolerations:[Toleration] topologySpreadConstraints:[TopologySpreadConstraint]{topologyKey,whenUnsatisfiable} volumes:[Volume]{name}
PodStatus allocatedResources:{q} conditions:[PodCondition]{type} containerStatuses:[ContainerStatus] ephemeralContainerStatuses:[ContainerStatus] extendedResourceClaimStatus:PodExtendedResourceClaimStatus hostIP:s hostIPs:[HostIP]~ip initContainerStatuses:[ContainerStatus] message:s nodeAllocatableResourceClaimStatuses:[NodeAllocatableResourceClaimStatus] nominatedNodeName:s observedGeneration:i phase:s podIP:s podIPs:[PodIP]{ip} qosClass:s reason:s resize:s resourceClaimStatuses:[PodResourceClaimStatus]{name} resources:ResourceRequirements startTime:t
ServiceSpec allocateLoadBalancerNodePorts:b clusterIP:s clusterIPs:[s] externalIPs:[s] externalName:s externalTrafficPolicy:s healthCheckNodePort:i internalTrafficPolicy:s ipFamilies:[s] ipFamilyPolicy:s loadBalancerClass:s loadBalancerIP:s loadBalancerSourceRanges:[s] ports:[ServicePort]{port,protocol=TCP} publishNotReadyAddresses:b selector:{s}! sessionAffinity:s sessionAffinityConfig:SessionAffinityConfig trafficDistribution:s type:s
ServiceStatus conditions:[Condition]{type} loadBalancer:LoadBalancerStatus
LocalObjectReference name:s
ObjectReference apiVersion:s fieldPath:s kind:s name:s namespace:s resourceVersion:s uid:s
EventSeries count:i lastObservedTime:m
EventSource component:s host:s
EndpointSubset addresses:[EndpointAddress!] notReadyAddresses:[EndpointAddress!] ports:[CoreEndpointPort!]
Endpoint addresses:[s]set conditions:EndpointConditions deprecatedTopology:{s} hints:EndpointHints hostname:s nodeName:s targetRef:ObjectReference! zone:s
EndpointPort appProtocol:s name:s port:i protocol:s
IngressSpec defaultBackend:IngressBackend ingressClassName:s rules:[IngressRule] tls:[IngressTLS]
IngressStatus loadBalancer:IngressLoadBalancerStatus
IngressClassSpec controller:s parameters:IngressClassParametersReference
NetworkPolicySpec egress:[NetworkPolicyEgressRule] ingress:[NetworkPolicyIngressRule] podSelector:LabelSelector! policyTypes:[s]
LeaseSpec acquireTime:m holderIdentity:s leaseDurationSeconds:i leaseTransitions:i preferredHolder:s renewTime:m strategy:s
DeploymentSpec minReadySeconds:i paused:b progressDeadlineSeconds:i replicas:i revisionHistoryLimit:i selector:LabelSelector! strategy:DeploymentStrategy template:PodTemplateSpec
DeploymentStatus availableReplicas:i collisionCount:i conditions:[DeploymentCondition]{type} observedGeneration:i readyReplicas:i replicas:i terminatingReplicas:i unavailableReplicas:i updatedReplicas:i
ReplicaSetSpec minReadySeconds:i replicas:i selector:LabelSelector! template:PodTemplateSpec
ReplicaSetStatus availableReplicas:i conditions:[ReplicaSetCondition]{type} fullyLabeledReplicas:i observedGeneration:i readyReplicas:i replicas:i terminatingReplicas:i
DaemonSetSpec minReadySeconds:i revisionHistoryLimit:i selector:LabelSelector! template:PodTemplateSpec updateStrategy:DaemonSetUpdateStrategy
DaemonSetStatus collisionCount:i conditions:[DaemonSetCondition]{type} currentNumberScheduled:i desiredNumberScheduled:i numberAvailable:i numberMisscheduled:i numberReady:i numberUnavailable:i observedGeneration:i updatedNumberScheduled:i
StatefulSetSpec minReadySeconds:i ordinals:StatefulSetOrdinals persistentVolumeClaimRetentionPolicy:StatefulSetPersistentVolumeClaimRetentionPolicy podManagementPolicy:s replicas:i revisionHistoryLimit:i selector:LabelSelector! serviceName:s template:PodTemplateSpec updateStrategy:StatefulSetUpdateStrategy volumeClaimTemplates:[PersistentVolumeClaim]
StatefulSetStatus availableReplicas:i collisionCount:i conditions:[StatefulSetCondition]{type} currentReplicas:i currentRevision:s observedGeneration:i readyReplicas:i replicas:i updateRevision:s updatedReplicas:i
CustomResourceDefinitionSpec conversion:CustomResourceConversion group:s names:CustomResourceDefinitionNames preserveUnknownFields:b scope:s versions:[CustomResourceDefinitionVersion]
CustomResourceDefinitionStatus acceptedNames:CustomResourceDefinitionNames conditions:[CustomResourceDefinitionCondition]{type}- observedGeneration:i storedVersions:[s]
APIServiceSpec caBundle:y group:s groupPriorityMinimum:i insecureSkipTLSVerify:b service:ServiceReference version:s versionPriority:i
APIServiceStatus conditions:[APIServiceCondition]{type}
ResourceQuotaSpec hard:{q} scopeSelector:ScopeSelector! scopes:[s]
ResourceQuotaStatus hard:{q} used:{q}
LimitRangeSpec limits:[LimitRangeItem]
ManagedFieldsEntry apiVersion:s fieldsType:s fieldsV1:* manager:s operation:s subresource:s time:t
OwnerReference apiVersion:s blockOwnerDeletion:b controller:b kind:s name:s uid:s
NamespaceCondition lastTransitionTime:t message:s reason:s status:s type:s
NodeConfigSource configMap:ConfigMapNodeConfigSource
Taint effect:s key:s timeAdded:t value:s
NodeAddress address:s type:s
NodeCondition lastHeartbeatTime:t lastTransitionTime:t message:s reason:s status:s type:s
NodeConfigStatus active:NodeConfigSource assigned:NodeConfigSource error:s lastKnownGood:NodeConfigSource
NodeDaemonEndpoints kubeletEndpoint:DaemonEndpoint
NodeFeatures supplementalGroupsPolicy:b
ContainerImage names:[s] sizeBytes:i
NodeSystemInfo architecture:s bootID:s containerRuntimeVersion:s kernelVersion:s kubeProxyVersion:s kubeletVersion:s machineID:s operatingSystem:s osImage:s swap:NodeSwapStatus systemUUID:s
NodeRuntimeHandler features:NodeRuntimeHandlerFeatures name:s
AttachedVolume devicePath:s name:s
Affinity nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAntiAffinity
Container args:[s] command:[s] env:[EnvVar]{name} envFrom:[EnvFromSource] image:s imagePullPolicy:s lifecycle:Lifecycle livenessProbe:Probe name:s ports:[ContainerPort]{containerPort,protocol=TCP} readinessProbe:Probe resizePolicy:[ContainerResizePolicy] resources:ResourceRequirements restartPolicy:s restartPolicyRules:[ContainerRestartRule] securityContext:SecurityContext startupProbe:Probe stdin:b stdinOnce:b terminationMessagePath:s terminationMessagePolicy:s tty:b volumeDevices:[VolumeDevice]{devicePath} volumeMounts:[VolumeMount]{mountPath} workingDir:s
PodDNSConfig nameservers:[s] options:[PodDNSConfigOption] searches:[s]
EphemeralContainer args:[s] command:[s] env:[EnvVar]{name} envFrom:[EnvFromSource] image:s imagePullPolicy:s lifecycle:Lifecycle livenessProbe:Probe name:s ports:[ContainerPort]{containerPort,protocol=TCP} readinessProbe:Probe resizePolicy:[ContainerResizePolicy] resources:ResourceRequirements restartPolicy:s restartPolicyRules:[ContainerRestartRule] securityContext:SecurityContext startupProbe:Probe stdin:b stdinOnce:b targetContainerName:s terminationMessagePath:s terminationMessagePolicy:s tty:b volumeDevices:[VolumeDevice]{devicePath} volumeMounts:[VolumeMount]{mountPath} workingDir:s
HostAlias hostnames:[s] ip:s
PodOS name:s
PodReadinessGate conditionType:s
PodResourceClaim name:s resourceClaimName:s resourceClaimTemplateName:s
ResourceRequirements claims:[ResourceClaim]{name}- limits:{q} requests:{q}
PodSchedulingGate name:s
PodSchedulingGroup podGroupName:s
PodSecurityContext appArmorProfile:AppArmorProfile fsGroup:i fsGroupChangePolicy:s runAsGroup:i runAsNonRoot:b runAsUser:i seLinuxChangePolicy:s seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile supplementalGroups:[i] supplementalGroupsPolicy:s sysctls:[Sysctl] windowsOptions:WindowsSecurityContextOptions
Toleration effect:s key:s operator:s tolerationSeconds:i value:s
TopologySpreadConstraint labelSelector:LabelSelector! matchLabelKeys:[s] maxSkew:i minDomains:i nodeAffinityPolicy:s nodeTaintsPolicy:s topologyKey:s whenUnsatisfiable:s
Volume awsElasticBlockStore:AWSElasticBlockStoreVolumeSource azureDisk:AzureDiskVolumeSource azureFile:AzureFileVolumeSource cephfs:CephFSVolumeSource cinder:CinderVolumeSource configMap:ConfigMapVolumeSource csi:CSIVolumeSource downwardAPI:DownwardAPIVolumeSource emptyDir:EmptyDirVolumeSource ephemeral:EphemeralVolumeSource fc:FCVolumeSource flexVolume:FlexVolumeSource flocker:FlockerVolumeSource gcePersistentDisk:GCEPersistentDiskVolumeSource gitRepo:GitRepoVolumeSource glusterfs:GlusterfsVolumeSource hostPath:HostPathVolumeSource image:ImageVolumeSource iscsi:ISCSIVolumeSource name:s nfs:NFSVolumeSource persistentVolumeClaim:PersistentVolumeClaimVolumeSource photonPersistentDisk:PhotonPersistentDiskVolumeSource portworxVolume:PortworxVolumeSource projected:ProjectedVolumeSource quobyte:QuobyteVolumeSource rbd:RBDVolumeSource scaleIO:ScaleIOVolumeSource secret:SecretVolumeSource storageos:StorageOSVolumeSource vsphereVolume:VsphereVirtualDiskVolumeSource
PodCondition lastProbeTime:t lastTransitionTime:t message:s observedGeneration:i reason:s status:s type:s
ContainerStatus allocatedResources:{q} allocatedResourcesStatus:[ResourceStatus]{name} containerID:s image:s imageID:s lastState:ContainerState name:s ready:b resources:ResourceRequirements restartCount:i started:b state:ContainerState stopSignal:s user:ContainerUser volumeMounts:[VolumeMountStatus]{mountPath}
PodExtendedResourceClaimStatus requestMappings:[ContainerExtendedResourceRequest] resourceClaimName:s
HostIP ip:s
NodeAllocatableResourceClaimStatus containers:[s]set resourceClaimName:s resources:{q}
PodIP ip:s
PodResourceClaimStatus name:s resourceClaimName:s
ServicePort appProtocol:s name:s nodePort:i port:i protocol:s targetPort:x
SessionAffinityConfig clientIP:ClientIPConfig
Condition lastTransitionTime:t message:s observedGeneration:i reason:s status:s type:s
LoadBalancerStatus ingress:[LoadBalancerIngress]
EndpointAddress hostname:s ip:s nodeName:s targetRef:ObjectReference!
CoreEndpointPort appProtocol:s name:s port:i protocol:s
EndpointConditions ready:b serving:b terminating:b
EndpointHints forNodes:[ForNode] forZones:[ForZone]
IngressBackend resource:TypedLocalObjectReference! service:IngressServiceBackend
IngressRule host:s http:HTTPIngressRuleValue
IngressTLS hosts:[s] secretName:s
IngressLoadBalancerStatus ingress:[IngressLoadBalancerIngress]
IngressClassParametersReference apiGroup:s kind:s name:s namespace:s scope:s
NetworkPolicyEgressRule ports:[NetworkPolicyPort] to:[NetworkPolicyPeer]
NetworkPolicyIngressRule from:[NetworkPolicyPeer] ports:[NetworkPolicyPort]
LabelSelector matchExpressions:[LabelSelectorRequirement] matchLabels:{s}
DeploymentStrategy rollingUpdate:RollingUpdateDeployment type:s
PodTemplateSpec metadata:ObjectMeta spec:PodSpec
DeploymentCondition lastTransitionTime:t lastUpdateTime:t message:s reason:s status:s type:s
ReplicaSetCondition lastTransitionTime:t message:s reason:s status:s type:s
DaemonSetUpdateStrategy rollingUpdate:RollingUpdateDaemonSet type:s
DaemonSetCondition lastTransitionTime:t message:s reason:s status:s type:s
StatefulSetOrdinals start:i
StatefulSetPersistentVolumeClaimRetentionPolicy whenDeleted:s whenScaled:s
StatefulSetUpdateStrategy rollingUpdate:RollingUpdateStatefulSetStrategy type:s
PersistentVolumeClaim apiVersion:s kind:s metadata:ObjectMeta spec:PersistentVolumeClaimSpec status:PersistentVolumeClaimStatus
StatefulSetCondition lastTransitionTime:t message:s reason:s status:s type:s
CustomResourceConversion strategy:s webhook:WebhookConversion
CustomResourceDefinitionNames categories:[s] kind:s listKind:s plural:s shortNames:[s] singular:s
CustomResourceDefinitionVersion additionalPrinterColumns:[CustomResourceColumnDefinition] deprecated:b deprecationWarning:s name:s schema:CustomResourceValidation selectableFields:[SelectableField] served:b storage:b subresources:CustomResourceSubresources
CustomResourceDefinitionCondition lastTransitionTime:t message:s observedGeneration:i reason:s status:s type:s
ServiceReference name:s namespace:s port:i
APIServiceCondition lastTransitionTime:t message:s reason:s status:s type:s
ScopeSelector matchExpressions:[ScopedResourceSelectorRequirement]
LimitRangeItem default:{q} defaultRequest:{q} max:{q} maxLimitRequestRatio:{q} min:{q} type:s
ConfigMapNodeConfigSource kubeletConfigKey:s name:s namespace:s resourceVersion:s uid:s
DaemonEndpoint Port:i
NodeSwapStatus capacity:i
NodeRuntimeHandlerFeatures recursiveReadOnlyMounts:b userNamespaces:b
NodeAffinity preferredDuringSchedulingIgnoredDuringExecution:[PreferredSchedulingTerm] requiredDuringSchedulingIgnoredDuringExecution:NodeSelector!
PodAffinity preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm] requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]
PodAntiAffinity preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm] requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]
EnvVar name:s value:s valueFrom:EnvVarSource
EnvFromSource configMapRef:ConfigMapEnvSource prefix:s secretRef:SecretEnvSource
Lifecycle postStart:LifecycleHandler preStop:LifecycleHandler stopSignal:s
Probe exec:ExecAction failureThreshold:i grpc:GRPCAction httpGet:HTTPGetAction initialDelaySeconds:i periodSeconds:i successThreshold:i tcpSocket:TCPSocketAction terminationGracePeriodSeconds:i timeoutSeconds:i
ContainerPort containerPort:i hostIP:s hostPort:i name:s protocol:s
ContainerResizePolicy resourceName:s restartPolicy:s
ContainerRestartRule action:s exitCodes:ContainerRestartRuleOnExitCodes
SecurityContext allowPrivilegeEscalation:b appArmorProfile:AppArmorProfile capabilities:Capabilities privileged:b procMount:s readOnlyRootFilesystem:b runAsGroup:i runAsNonRoot:b runAsUser:i seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile windowsOptions:WindowsSecurityContextOptions
VolumeDevice devicePath:s name:s
VolumeMount mountPath:s mountPropagation:s name:s readOnly:b recursiveReadOnly:s subPath:s subPathExpr:s
PodDNSConfigOption name:s value:s
ResourceClaim name:s request:s
AppArmorProfile localhostProfile:s type:s
SELinuxOptions level:s role:s type:s user:s
SeccompProfile localhostProfile:s type:s
Sysctl name:s value:s
WindowsSecurityContextOptions gmsaCredentialSpec:s gmsaCredentialSpecName:s hostProcess:b runAsUserName:s
AWSElasticBlockStoreVolumeSource fsType:s partition:i readOnly:b volumeID:s
AzureDiskVolumeSource cachingMode:s diskName:s diskURI:s fsType:s kind:s readOnly:b
AzureFileVolumeSource readOnly:b secretName:s shareName:s
CephFSVolumeSource monitors:[s] path:s readOnly:b secretFile:s secretRef:LocalObjectReference! user:s
CinderVolumeSource fsType:s readOnly:b secretRef:LocalObjectReference! volumeID:s
ConfigMapVolumeSource defaultMode:i items:[KeyToPath] name:s optional:b
CSIVolumeSource driver:s fsType:s nodePublishSecretRef:LocalObjectReference! readOnly:b volumeAttributes:{s}
DownwardAPIVolumeSource defaultMode:i items:[DownwardAPIVolumeFile]
EmptyDirVolumeSource medium:s sizeLimit:q
EphemeralVolumeSource volumeClaimTemplate:PersistentVolumeClaimTemplate
FCVolumeSource fsType:s lun:i readOnly:b targetWWNs:[s] wwids:[s]
FlexVolumeSource driver:s fsType:s options:{s} readOnly:b secretRef:LocalObjectReference!
FlockerVolumeSource datasetName:s datasetUUID:s
GCEPersistentDiskVolumeSource fsType:s partition:i pdName:s readOnly:b
GitRepoVolumeSource directory:s repository:s revision:s
GlusterfsVolumeSource endpoints:s path:s readOnly:b
HostPathVolumeSource path:s type:s
ImageVolumeSource pullPolicy:s reference:s
ISCSIVolumeSource chapAuthDiscovery:b chapAuthSession:b fsType:s initiatorName:s iqn:s iscsiInterface:s lun:i portals:[s] readOnly:b secretRef:LocalObjectReference! targetPortal:s
NFSVolumeSource path:s readOnly:b server:s
PersistentVolumeClaimVolumeSource claimName:s readOnly:b
PhotonPersistentDiskVolumeSource fsType:s pdID:s
PortworxVolumeSource fsType:s readOnly:b volumeID:s
ProjectedVolumeSource defaultMode:i sources:[VolumeProjection]
QuobyteVolumeSource group:s readOnly:b registry:s tenant:s user:s volume:s
RBDVolumeSource fsType:s image:s keyring:s monitors:[s] pool:s readOnly:b secretRef:LocalObjectReference! user:s
ScaleIOVolumeSource fsType:s gateway:s protectionDomain:s readOnly:b secretRef:LocalObjectReference! sslEnabled:b storageMode:s storagePool:s system:s volumeName:s
SecretVolumeSource defaultMode:i items:[KeyToPath] optional:b secretName:s
StorageOSVolumeSource fsType:s readOnly:b secretRef:LocalObjectReference! volumeName:s volumeNamespace:s
VsphereVirtualDiskVolumeSource fsType:s storagePolicyID:s storagePolicyName:s volumePath:s
ResourceStatus name:s resources:[ResourceHealth]{resourceID}-
ContainerState running:ContainerStateRunning terminated:ContainerStateTerminated waiting:ContainerStateWaiting
ContainerUser linux:LinuxContainerUser
VolumeMountStatus mountPath:s name:s readOnly:b recursiveReadOnly:s volumeStatus:VolumeStatus
ContainerExtendedResourceRequest containerName:s requestName:s resourceName:s
ClientIPConfig timeoutSeconds:i
LoadBalancerIngress hostname:s ip:s ipMode:s ports:[PortStatus]
ForNode name:s
ForZone name:s
TypedLocalObjectReference apiGroup:s kind:s name:s
IngressServiceBackend name:s port:ServiceBackendPort!
HTTPIngressRuleValue paths:[HTTPIngressPath]
IngressLoadBalancerIngress hostname:s ip:s ports:[IngressPortStatus]
NetworkPolicyPort endPort:i port:x protocol:s
NetworkPolicyPeer ipBlock:IPBlock namespaceSelector:LabelSelector! podSelector:LabelSelector!
LabelSelectorRequirement key:s operator:s values:[s]
RollingUpdateDeployment maxSurge:x maxUnavailable:x
RollingUpdateDaemonSet maxSurge:x maxUnavailable:x
RollingUpdateStatefulSetStrategy maxUnavailable:x partition:i
PersistentVolumeClaimSpec accessModes:[s] dataSource:TypedLocalObjectReference! dataSourceRef:TypedObjectReference resources:VolumeResourceRequirements selector:LabelSelector! storageClassName:s volumeAttributesClassName:s volumeMode:s volumeName:s
PersistentVolumeClaimStatus accessModes:[s] allocatedResourceStatuses:{s} allocatedResources:{q} capacity:{q} conditions:[PersistentVolumeClaimCondition]{type} currentVolumeAttributesClassName:s modifyVolumeStatus:ModifyVolumeStatus phase:s
WebhookConversion clientConfig:WebhookClientConfig conversionReviewVersions:[s]
CustomResourceColumnDefinition description:s format:s jsonPath:s name:s priority:i type:s
CustomResourceValidation openAPIV3Schema:JSONSchemaProps
SelectableField jsonPath:s
CustomResourceSubresources scale:CustomResourceSubresourceScale status:*
ScopedResourceSelectorRequirement operator:s scopeName:s values:[s]
PreferredSchedulingTerm preference:NodeSelectorTerm! weight:i
NodeSelector nodeSelectorTerms:[NodeSelectorTerm!]
WeightedPodAffinityTerm podAffinityTerm:PodAffinityTerm weight:i
PodAffinityTerm labelSelector:LabelSelector! matchLabelKeys:[s] mismatchLabelKeys:[s] namespaceSelector:LabelSelector! namespaces:[s] topologyKey:s
EnvVarSource configMapKeyRef:ConfigMapKeySelector! fieldRef:ObjectFieldSelector! fileKeyRef:FileKeySelector! resourceFieldRef:ResourceFieldSelector! secretKeyRef:SecretKeySelector!
ConfigMapEnvSource name:s optional:b
SecretEnvSource name:s optional:b
LifecycleHandler exec:ExecAction httpGet:HTTPGetAction sleep:SleepAction tcpSocket:TCPSocketAction
ExecAction command:[s]
GRPCAction port:i service:s
HTTPGetAction host:s httpHeaders:[HTTPHeader] path:s port:x scheme:s
TCPSocketAction host:s port:x
ContainerRestartRuleOnExitCodes operator:s values:[i]set
Capabilities add:[s] drop:[s]
KeyToPath key:s mode:i path:s
DownwardAPIVolumeFile fieldRef:ObjectFieldSelector! mode:i path:s resourceFieldRef:ResourceFieldSelector!
PersistentVolumeClaimTemplate metadata:ObjectMeta spec:PersistentVolumeClaimSpec
VolumeProjection clusterTrustBundle:ClusterTrustBundleProjection configMap:ConfigMapProjection downwardAPI:DownwardAPIProjection podCertificate:PodCertificateProjection secret:SecretProjection serviceAccountToken:ServiceAccountTokenProjection
ResourceHealth health:s message:s resourceID:s
ContainerStateRunning startedAt:t
ContainerStateTerminated containerID:s exitCode:i finishedAt:t message:s reason:s signal:i startedAt:t
ContainerStateWaiting message:s reason:s
LinuxContainerUser gid:i supplementalGroups:[i] uid:i
VolumeStatus image:ImageVolumeStatus
PortStatus error:s port:i protocol:s
ServiceBackendPort name:s number:i
HTTPIngressPath backend:IngressBackend path:s pathType:s
IngressPortStatus error:s port:i protocol:s
IPBlock cidr:s except:[s]
TypedObjectReference apiGroup:s kind:s name:s namespace:s
VolumeResourceRequirements limits:{q} requests:{q}
PersistentVolumeClaimCondition lastProbeTime:t lastTransitionTime:t message:s reason:s status:s type:s
ModifyVolumeStatus status:s targetVolumeAttributesClassName:s
WebhookClientConfig caBundle:y service:ApiextensionsServiceReference url:s
JSONSchemaProps *
CustomResourceSubresourceScale labelSelectorPath:s specReplicasPath:s statusReplicasPath:s
NodeSelectorTerm matchExpressions:[NodeSelectorRequirement] matchFields:[NodeSelectorRequirement]
ConfigMapKeySelector key:s name:s optional:b
ObjectFieldSelector apiVersion:s fieldPath:s
FileKeySelector key:s optional:b path:s volumeName:s
ResourceFieldSelector containerName:s divisor:q resource:s
SecretKeySelector key:s name:s optional:b
SleepAction seconds:i
HTTPHeader name:s value:s
ClusterTrustBundleProjection labelSelector:LabelSelector! name:s optional:b path:s signerName:s
ConfigMapProjection items:[KeyToPath] name:s optional:b
DownwardAPIProjection items:[DownwardAPIVolumeFile]
PodCertificateProjection certificateChainPath:s credentialBundlePath:s keyPath:s keyType:s maxExpirationSeconds:i signerName:s userAnnotations:{s}
SecretProjection items:[KeyToPath] name:s optional:b
ServiceAccountTokenProjection audience:s expirationSeconds:i path:s
ImageVolumeStatus imageRef:s
ApiextensionsServiceReference name:s namespace:s path:s port:i
NodeSelectorRequirement key:s operator:s values:[s]
`
